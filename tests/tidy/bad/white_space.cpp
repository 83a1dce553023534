// path: core/loose.cpp
int a;	// expect: whitespace
int b;  // expect: whitespace  
int c;  // expect: whitespace