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
    /// Bytes of one register.
    pub bytes: u32,
    /// How many registers: one, or the two of a pair.
    pub registers: u32,
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
        Some(Access { direction, address, bytes, registers: access_registers(word, addressing), writeback })
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

fn access_registers(word: u32, addressing: Addressing) -> u32 {
    match addressing {
        Addressing::Pair | Addressing::PairIndexed => 2,
        // Bit 21 tells exclusive pairs from single exclusives.
        Addressing::Base => 1 + (word >> 21 & 1),
        _ => 1,
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm64::encode::{self, At, Cond, Data, Extend, Op3, Scaled};
    use crate::arm64::registers::{Fpr, Width};
    use crate::arm64::{Encoding, classify};

    fn row(word: u32) -> &'static Row {
        match classify(word) {
            Encoding::Valid(row) => row,
            other => panic!("{word:#010x}: {other:?}"),
        }
    }

    fn registers(word: u32) -> String {
        format!("{} <- {}", row(word).writes(word), row(word).reads(word))
    }

    #[test]
    fn data_processing_writes_d_and_reads_the_others() {
        assert_eq!(registers(encode::op3(Op3::Add, Width::X, Gpr(1), Gpr(2), Gpr(3))), "x1 <- x2 x3");
        assert_eq!(registers(encode::movk(Width::X, Gpr(1), 5, 0)), "x1 <- x1");
        assert_eq!(registers(encode::cmp_imm(Width::X, SP, 5)), " <- sp");
        assert_eq!(registers(encode::fmov_from_gpr(encode::Precision::D, Fpr(1), Gpr(2))), "d1 <- x2 d1");
        assert_eq!(registers(encode::fmov_to_gpr(encode::Precision::D, Gpr(1), Fpr(2))), "x1 <- d2");
    }

    #[test]
    fn loads_write_and_stores_read_what_they_transfer() {
        assert_eq!(registers(encode::ldp(Data::X, 1, 2, At::Pre(Gpr(3), 16))), "x1 x2 x3 <- x3");
        assert_eq!(registers(encode::stp(Data::D, 1, 2, At::Offset(SP, 16))), " <- sp d1 d2");
        assert_eq!(registers(encode::str(Data::X, 1, At::Post(SP, 16))), "sp <- x1 sp");
        assert_eq!(registers(0xc805_0862 | 31 << 10), "x5 <- x2 x3", "stxr w5, x2, [x3]");
    }

    #[test]
    fn calls_write_the_link_register() {
        assert_eq!(registers(encode::bl(8)), "x30 <- ");
        assert_eq!(registers(encode::blr(Gpr(8))), "x30 <- x8");
        assert_eq!(registers(encode::cbz(Width::W, Gpr(8), 8)), " <- x8");
    }

    #[test]
    fn flow_distances_are_bytes() {
        let flow = |word| row(word).flow(word);
        assert_eq!(flow(encode::b(-8)), Flow::Jump(-8));
        assert_eq!(flow(encode::bl(0x7ff_fffc)), Flow::Call(0x7ff_fffc));
        assert_eq!(flow(encode::b_cond(Cond::Ne, -0x10_0000)), Flow::Conditional(-0x10_0000));
        assert_eq!(flow(encode::tbnz(Gpr(1), 40, -32768)), Flow::Conditional(-32768));
        assert_eq!(flow(encode::cbz(Width::X, Gpr(1), 12)), Flow::Conditional(12));
        assert_eq!(flow(encode::br(Gpr(9))), Flow::JumpRegister(Gpr(9)));
        assert_eq!(flow(encode::brk(0)), Flow::Exception);
        assert_eq!(flow(encode::nop()), Flow::Next);
    }

    #[test]
    fn accesses_tell_address_and_size() {
        let access = |word| row(word).access(word).map(|a| (a.address, a.bytes, a.registers, a.writeback));
        let (base, index) = (Gpr(2), Gpr(3));
        assert_eq!(
            access(encode::ldr(Data::H, 1, At::Offset(base, 8190))),
            Some((Address::Offset(base, 8190), 2, 1, None))
        );
        assert_eq!(
            access(encode::ldr(Data::Q, 1, At::Offset(base, 16))),
            Some((Address::Offset(base, 16), 16, 1, None))
        );
        assert_eq!(
            access(encode::str(Data::B, 1, At::Offset(base, -256))),
            Some((Address::Offset(base, -256), 1, 1, None))
        );
        assert_eq!(
            access(encode::str(Data::X, 1, At::Post(base, -8))),
            Some((Address::Offset(base, 0), 8, 1, Some(-8)))
        );
        assert_eq!(
            access(encode::ldp(Data::S, 1, 4, At::Pre(base, -256))),
            Some((Address::Offset(base, -256), 4, 2, Some(-256)))
        );
        assert_eq!(
            access(encode::ldp(Data::Sw, 1, 4, At::Offset(base, 4))),
            Some((Address::Offset(base, 4), 4, 2, None))
        );
        let indexed = At::Index(base, index, Extend::Lsl, Scaled::Yes);
        assert_eq!(access(encode::ldr(Data::D, 1, indexed)), Some((Address::Indexed(base, index), 8, 1, None)));
        assert_eq!(access(encode::ldr_literal(Data::X, 1, -4)), Some((Address::Literal(-4), 8, 1, None)));
        assert_eq!(access(encode::ldr_literal(Data::Q, 1, 16)), Some((Address::Literal(16), 16, 1, None)));
        assert_eq!(access(encode::nop()), None);
    }

    #[test]
    fn stack_moves_are_known_for_immediates_only() {
        let stack = |word| row(word).stack_move(word);
        assert_eq!(stack(encode::sub_imm(Width::X, SP, SP, 32)), StackMove::By(-32));
        assert_eq!(stack(encode::add_imm(Width::X, SP, SP, 1) | 1 << 22), StackMove::By(4096));
        assert_eq!(stack(encode::add_imm(Width::X, SP, Gpr(1), 16)), StackMove::Unknown);
        assert_eq!(stack(encode::str(Data::X, 1, At::Pre(SP, -16))), StackMove::By(-16));
        assert_eq!(stack(encode::add_imm(Width::X, Gpr(1), SP, 16)), StackMove::None);
    }
}
