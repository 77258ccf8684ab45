//! What a valid word does, as far as a static checker asks: registers, memory, stack pointer, control flow.

use super::registers::{Gpr, LR, RegSet, SP};
use super::row::{Addressing, Bank, Operand, Role, Row, Shape};

/// Where control goes after an instruction; distances in bytes from the instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// To the next instruction.
    Next,
    /// To a fixed place.
    Jump(i32),
    /// To a fixed place or the next instruction.
    Conditional(i32),
    /// To a fixed place, with the next instruction's address in the link register.
    Call(i32),
    /// To the address in a register.
    JumpRegister(Gpr),
    /// To the address in a register, with the next instruction's address in the link register.
    CallRegister(Gpr),
    /// To the address in a register, as a return.
    Return(Gpr),
    /// To an exception handler.
    Exception,
}

/// A memory access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// What is done to memory.
    pub direction: Direction,
    /// Where.
    pub address: Address,
    /// Bytes of one register; a pair transfers twice as many.
    pub bytes: u32,
    /// What the base register is moved by, if it is written back.
    pub writeback: Option<i32>,
}

/// Whether memory is read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Memory to register.
    Load,
    /// Register to memory.
    Store,
    /// A hint that cannot fault.
    Prefetch,
}

/// The address of an access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// Base register (31: stack pointer) and offset.
    Offset(Gpr, i32),
    /// Base register (31: stack pointer) and an index register.
    Indexed(Gpr, Gpr),
    /// Distance from the instruction.
    Literal(i32),
}

/// What happens to the stack pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StackMove {
    /// Nothing.
    None,
    /// A known number of bytes is added.
    By(i32),
    /// It gets a value that the instruction alone does not tell.
    Unknown,
}

impl Row {
    /// Registers that `word`, a valid word of this row, writes.
    #[must_use]
    pub fn writes(&self, word: u32) -> RegSet {
        let mut set = match self.shape {
            Shape::Call | Shape::CallRegister => RegSet::of_gprs(&[LR]),
            Shape::Load(Addressing::Indexed | Addressing::PairIndexed)
            | Shape::Store(Addressing::Indexed | Addressing::PairIndexed) => RegSet(1 << (word >> 5 & 31)),
            _ => RegSet::EMPTY,
        };
        for operand in self.operands().filter(|operand| self.is_written(operand.role)) {
            set = set.or(operand.register(word));
        }
        set
    }

    /// Registers that `word`, a valid word of this row, reads.
    #[must_use]
    pub fn reads(&self, word: u32) -> RegSet {
        let read = self.operands().filter(|operand| self.is_read(operand.role));
        read.fold(RegSet::EMPTY, |set, operand| set.or(operand.register(word)))
    }

    fn is_written(&self, role: Role) -> bool {
        match role {
            Role::Dest => true,
            Role::Source => false,
            Role::Transfer => matches!(self.shape, Shape::Load(_) | Shape::SystemRead),
            Role::Status => matches!(self.shape, Shape::Store(_)),
        }
    }

    fn is_read(&self, role: Role) -> bool {
        !self.is_written(role) || role == Role::Dest && self.shape == Shape::Update
    }

    /// Where control goes after `word`, a valid word of this row.
    #[must_use]
    pub fn flow(&self, word: u32) -> Flow {
        let register = Gpr((word >> 5 & 31) as u8);
        match self.shape {
            Shape::Jump => Flow::Jump(signed(word, 0, 26) * 4),
            Shape::Call => Flow::Call(signed(word, 0, 26) * 4),
            Shape::Conditional => Flow::Conditional(conditional_distance(word)),
            Shape::JumpRegister => Flow::JumpRegister(register),
            Shape::CallRegister => Flow::CallRegister(register),
            Shape::Return => Flow::Return(register),
            Shape::Exception => Flow::Exception,
            _ => Flow::Next,
        }
    }

    /// The memory that `word`, a valid word of this row, accesses.
    #[must_use]
    pub fn access(&self, word: u32) -> Option<Access> {
        let (direction, addressing) = match self.shape {
            Shape::Load(addressing) => (Direction::Load, addressing),
            Shape::Store(addressing) => (Direction::Store, addressing),
            Shape::Prefetch(addressing) => (Direction::Prefetch, addressing),
            _ => return None,
        };
        let bytes = self.access_bytes(word, addressing);
        let (address, writeback) = address(word, addressing, bytes);
        Some(Access { direction, address, bytes, writeback })
    }

    fn access_bytes(&self, word: u32, addressing: Addressing) -> u32 {
        let top = word >> 30;
        let float = word >> 26 & 1 == 1;
        match addressing {
            Addressing::Pair | Addressing::PairIndexed | Addressing::Literal if float => 4 << top,
            Addressing::Pair | Addressing::PairIndexed => 4 << (top >> 1),
            Addressing::Literal => 4 << (top & 1),
            _ if float && word >> 23 & 1 == 1 => 16,
            _ => 1 << top,
        }
    }

    /// What `word`, a valid word of this row, does to the stack pointer.
    #[must_use]
    pub fn stack_move(&self, word: u32) -> StackMove {
        if !self.writes(word).has(SP) {
            return StackMove::None;
        }
        match self.shape {
            Shape::AddSub if word >> 5 & 31 == 31 && word >> 31 == 1 => StackMove::By(add_sub_amount(word)),
            Shape::Load(_) | Shape::Store(_) => {
                self.access(word).and_then(|access| access.writeback).map_or(StackMove::Unknown, StackMove::By)
            }
            _ => StackMove::Unknown,
        }
    }
}

impl Operand {
    fn register(self, word: u32) -> RegSet {
        let number = word >> self.lo & 31;
        match self.bank {
            Bank::Fpr => RegSet(1 << (32 + number)),
            Bank::Gpr if number == 31 => RegSet::EMPTY,
            Bank::Gpr | Bank::GprOrSp => RegSet(1 << number),
        }
    }
}

/// The signed field of `width` bits at `lo`.
fn signed(word: u32, lo: u32, width: u32) -> i32 {
    (word << (32 - width - lo)).cast_signed() >> (32 - width)
}

fn conditional_distance(word: u32) -> i32 {
    let is_test = word >> 25 & 0x3f == 0b011011;
    if is_test { signed(word, 5, 14) * 4 } else { signed(word, 5, 19) * 4 }
}

fn add_sub_amount(word: u32) -> i32 {
    let amount = signed(word, 10, 13) & 0xfff;
    let amount = if word >> 22 & 1 == 1 { amount << 12 } else { amount };
    if word >> 30 & 1 == 1 { -amount } else { amount }
}

fn address(word: u32, addressing: Addressing, bytes: u32) -> (Address, Option<i32>) {
    let base = Gpr((word >> 5 & 31) as u8);
    let scale = bytes.cast_signed();
    match addressing {
        Addressing::Base => (Address::Offset(base, 0), None),
        Addressing::Scaled => (Address::Offset(base, (word >> 10 & 0xfff).cast_signed() * scale), None),
        Addressing::Unscaled => (Address::Offset(base, signed(word, 12, 9)), None),
        Addressing::Indexed => indexed(base, signed(word, 12, 9), word >> 11 & 1 == 1),
        Addressing::Register => (Address::Indexed(base, Gpr((word >> 16 & 31) as u8)), None),
        Addressing::Pair => (Address::Offset(base, signed(word, 15, 7) * scale), None),
        Addressing::PairIndexed => indexed(base, signed(word, 15, 7) * scale, word >> 24 & 1 == 1),
        Addressing::Literal => (Address::Literal(signed(word, 5, 19) * 4), None),
    }
}

fn indexed(base: Gpr, amount: i32, before: bool) -> (Address, Option<i32>) {
    (Address::Offset(base, if before { amount } else { 0 }), Some(amount))
}
