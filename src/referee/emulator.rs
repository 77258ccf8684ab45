//! An emulator that is asked one thing: is this word an instruction?

use unicorn_engine::{Arch, Context, Mode, Prot, RegisterARM64, RegisterARM64CP, Unicorn};

const CODE: u64 = 0x10_0000;
const DATA: u64 = 0x20_0000;
const DATA_SIZE: u64 = 0x1_0000;
const PAGE: u64 = 0x1000;
/// Interrupt number of an undefined instruction.
const UNDEFINED: u32 = 1;

/// One engine at EL0, reused for every word; its data is the number of the last interrupt.
pub(super) struct Emulator {
    unicorn: Unicorn<'static, Option<u32>>,
    start: Context,
}

impl Emulator {
    pub(super) fn new() -> Self {
        let mut unicorn = Unicorn::new_with_data(Arch::ARM64, Mode::LITTLE_ENDIAN, None).expect("unicorn has ARM64");
        unicorn.mem_map(CODE, PAGE, Prot::READ | Prot::EXEC).expect("the code page is free");
        unicorn.mem_map(DATA, DATA_SIZE, Prot::READ | Prot::WRITE).expect("the data pages are free");
        unicorn.add_intr_hook(stop_at_interrupt).expect("interrupts can be hooked");
        set_registers(&mut unicorn).expect("these registers exist");
        let start = unicorn.context_init().expect("a context can be saved");
        Self { unicorn, start }
    }

    /// Whether the word does anything but raise an undefined instruction exception: it may fault or branch.
    pub(super) fn executes(&mut self, word: u32) -> bool {
        let unicorn = &mut self.unicorn;
        unicorn.mem_write(CODE, &word.to_le_bytes()).expect("the code page is mapped");
        unicorn.ctl_remove_cache(CODE, CODE + PAGE).expect("the cache of a mapped page can be removed");
        unicorn.context_restore(&self.start).expect("the context is of this engine");
        *unicorn.get_data_mut() = None;
        // One instruction; an error is a fault of an instruction that exists, unless the interrupt says otherwise.
        let _ = unicorn.emu_start(CODE, CODE + 4, 0, 1);
        let stayed = unicorn.pc_read().expect("pc can be read") == CODE;
        !(stayed && *unicorn.get_data() == Some(UNDEFINED))
    }
}

fn stop_at_interrupt(unicorn: &mut Unicorn<'_, Option<u32>>, number: u32) {
    *unicorn.get_data_mut() = Some(number);
    unicorn.emu_stop().expect("a running engine can be stopped");
}

fn set_registers(unicorn: &mut Unicorn<'_, Option<u32>>) -> Result<(), unicorn_engine::uc_error> {
    for number in 0..29 {
        unicorn.reg_write(RegisterARM64::X0 as i32 + number, DATA + DATA_SIZE / 2)?;
    }
    unicorn.reg_write(RegisterARM64::SP, DATA + DATA_SIZE / 2)?;
    unicorn.reg_write(RegisterARM64::PSTATE, 0)?;
    // Any system register write makes the engine notice that it is at EL0 now; this is TPIDR_EL0.
    unicorn.reg_write_arm64_coproc(&RegisterARM64CP::new().op0(3).op1(3).crn(13).crm(0).op2(2).val(0))
}
