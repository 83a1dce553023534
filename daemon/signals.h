#pragma once

namespace tidemark {

// Signals from main() to the loop. Until the loop runs, one that stops ends the process at once,
// with success: nothing was promised yet, and our ledger can be left at every moment. One that
// reloads is kept until the loop runs.
void leave_when_told_to_stop();

// From here on they wait too: before threads are started, so that none of them is interrupted, and
// once the loop is gone.
void hold_signals();
void release_signals();

}  // namespace tidemark
