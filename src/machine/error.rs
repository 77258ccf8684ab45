//! What can go wrong with the emulator itself, as opposed to the code that runs on it.

use thiserror::Error;

/// Why the machine could not do what it was asked.
#[derive(Debug, Error)]
pub enum MachineError {
    /// Unicorn refused a call.
    #[error("unicorn: {what}: {why}")]
    Refused {
        /// What was being done.
        what: &'static str,
        /// Unicorn's words.
        why: String,
    },
    /// Memory that can't be mapped.
    #[error("mapping of {len:#x} bytes at {addr:#x}: {why}; give whole 4 KiB pages that don't overlap")]
    Mapping {
        /// Guest address.
        addr: u64,
        /// Bytes.
        len: u64,
        /// Unicorn's words.
        why: String,
    },
    /// A call of the running code wanted more memory than the backend has.
    #[error("the backend's heap is full")]
    OutOfMemory,
    /// The watchdog thread could not be started.
    #[error("watchdog thread: {0}")]
    Watchdog(#[from] std::io::Error),
    /// Code that does not lie in the code window.
    #[error("code of {len} bytes at {base:#x} is outside of the code window {start:#x} to {end:#x} or misaligned")]
    OutsideWindow {
        /// Its address.
        base: u64,
        /// Its size.
        len: usize,
        /// First address of the window.
        start: u64,
        /// Behind its last address.
        end: u64,
    },
    /// A run that does not start in the code loaded last.
    #[error("start at {pc:#x} is outside of the loaded code; load the code first")]
    NotLoaded {
        /// Where it should have started.
        pc: u64,
    },
    /// Memory of a prepared input that no mapping holds.
    #[error("{len} bytes at {addr:#x} are outside of all mappings")]
    Unmapped {
        /// Address.
        addr: u64,
        /// Bytes.
        len: usize,
    },
    /// The emulator stopped for a reason that the machine does not know.
    #[error("stopped at {pc:#x} for no known reason ({why})")]
    Unexplained {
        /// Where.
        pc: u64,
        /// Unicorn's words.
        why: String,
    },
}
