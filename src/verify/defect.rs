//! What can be wrong with code that need not run for it to be seen.

use crate::outcome::FaultClass;

/// A defect of compiled code.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Defect {
    /// Byte offset of the word, from the code's start.
    pub offset: u32,
    /// What is wrong.
    pub kind: DefectKind,
    /// The word there.
    pub word: u32,
    /// The instruction and the rule it breaks, for people.
    pub text: String,
}

/// Kinds of defects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DefectKind {
    /// The word is no instruction.
    UndefinedEncoding,
    /// CONSTRAINED UNPREDICTABLE.
    UnpredictableEncoding,
    /// An instruction that no backend has reason to emit.
    UnknownEncoding,
    /// An instruction that only raises an exception.
    Exception,
    /// A branch or call to where it may not go.
    BadTarget,
    /// Control runs off the end of the code, or out of the trace into its exit stubs.
    FallThrough,
    /// A literal load from where no constants are.
    LiteralOutside,
    /// A literal load from an address that is no multiple of its size.
    LiteralMisaligned,
    /// A write to a reserved register.
    ReservedRegister,
    /// A write to a system register.
    SystemRegister,
    /// The stack pointer gets a value that is not its old one plus a constant.
    StackUnknown,
    /// The stack pointer moves by no multiple of 16.
    StackMisaligned,
    /// Two ways lead here with different stack pointers.
    StackJoin,
    /// The trace leaves with a stack pointer that whoever follows does not expect.
    StackUnbalanced,
    /// A load or store beside the stack pointer reaches beyond the frame.
    StackAccess,
}

impl DefectKind {
    /// The fault class of a finding with this defect.
    #[must_use]
    pub const fn class(self) -> FaultClass {
        match self {
            Self::UndefinedEncoding | Self::UnknownEncoding | Self::Exception => FaultClass::UndefinedEncoding,
            Self::UnpredictableEncoding => FaultClass::UnpredictableEncoding,
            Self::BadTarget | Self::FallThrough => FaultClass::BadBranch,
            Self::LiteralOutside | Self::StackAccess => FaultClass::MemoryFault,
            Self::LiteralMisaligned | Self::StackMisaligned => FaultClass::Misaligned,
            Self::ReservedRegister
            | Self::SystemRegister
            | Self::StackUnknown
            | Self::StackJoin
            | Self::StackUnbalanced => FaultClass::AbiClobber,
        }
    }
}
