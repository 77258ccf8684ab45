//! Running compilers and LuaJIT's build tools, and quoting their first errors.

use std::env;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

use super::{BuildError, Variant};

/// Lines of a tool's output worth showing.
const QUOTED_LINES: usize = 20;

/// The C compiler to use.
#[derive(Debug, Clone)]
pub struct Toolchain {
    program: String,
    args: Vec<String>,
}

impl Toolchain {
    /// A compiler by its command, which may carry arguments: `clang`, `ccache gcc`, `gcc -m64`.
    pub fn new(command: &str) -> Self {
        let mut words = command.split_whitespace().map(str::to_owned);
        Self { program: words.next().unwrap_or_else(|| "cc".to_owned()), args: words.collect() }
    }

    /// The command in the environment variable `CC`, else `cc`.
    pub fn from_env() -> Self {
        Self::new(&env::var("CC").unwrap_or_default())
    }

    /// The compiler for a variant: that of the environment, or clang where only that will do.
    ///
    /// # Errors
    /// `NoClang`.
    pub fn for_variant(variant: Variant) -> Result<Self, BuildError> {
        if variant == Variant::Guided { Self::clang() } else { Ok(Self::from_env()) }
    }

    /// `CC` if that is clang, else `clang`.
    ///
    /// # Errors
    /// `NoClang`.
    pub fn clang() -> Result<Self, BuildError> {
        let found = [Self::from_env(), Self::new("clang")].into_iter().find(Self::is_clang);
        found.ok_or_else(|| BuildError::NoClang { program: "clang".to_owned() })
    }

    fn is_clang(&self) -> bool {
        self.version().is_ok_and(|version| version.contains("clang"))
    }

    /// The first line of `--version`.
    ///
    /// # Errors
    /// If the compiler does not start.
    pub fn version(&self) -> Result<String, BuildError> {
        let text = run("asking for the compiler's version", self.command(Path::new(".")).arg("--version"))?;
        Ok(text.lines().next().unwrap_or_default().trim().to_owned())
    }

    pub(super) fn command(&self, dir: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(dir).args(&self.args).env("LC_ALL", "C");
        command
    }
}

/// Runs a command to its end and returns its standard output.
pub(super) fn run(step: &'static str, command: &mut Command) -> Result<String, BuildError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|source| BuildError::Start { step, program, source })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(BuildError::Tool { step, command: command_line(command), message: first_errors(&output) })
}

fn command_line(command: &Command) -> String {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

/// From the first line that says "error" on; everything if none does.
fn first_errors(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = text.lines().collect();
    let start = lines.iter().position(|line| line.contains("error")).unwrap_or(0);
    let quoted: Vec<&str> = lines[start..].iter().take(QUOTED_LINES).copied().collect();
    if quoted.is_empty() { format!("no output, {}", output.status) } else { quoted.join("\n") }
}
