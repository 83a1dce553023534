// path: core/loose.cpp
// TODO: later  // expect: leftover
int a; // FIXME  // expect: leftover
int b; // XXX why  // expect: leftover
