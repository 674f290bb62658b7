//! Ctrl-C.

use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicBool, Ordering},
};

use crate::exit::Exit;

static STOP: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);
static COOPERATIVE: AtomicBool = AtomicBool::new(false);

/// Makes Ctrl-C (and a request to terminate) end the run with code 130.
pub(crate) fn install() -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(|| {
        let again = STOP.swap(true, Ordering::SeqCst);
        if again || !COOPERATIVE.load(Ordering::SeqCst) {
            leave();
        }
    })
}

/// From now on the first Ctrl-C only sets the flag that is returned, so that work can stop where no
/// file is half-written; a second one ends the run at once.
pub(crate) fn cooperative() -> &'static Arc<AtomicBool> {
    COOPERATIVE.store(true, Ordering::SeqCst);
    &STOP
}

#[expect(clippy::exit, reason = "a signal handler has no caller to return to")]
fn leave() {
    std::process::exit(Exit::Interrupted as i32);
}
