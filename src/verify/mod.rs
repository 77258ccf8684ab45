//! stub
use crate::code::Code;
use crate::outcome::FaultClass;
/// x
pub struct Defect {
    /// x
    pub offset: u32,
    /// x
    pub word: u32,
    /// x
    pub text: String,
}
impl Defect {
    /// x
    pub fn class(&self) -> FaultClass {
        FaultClass::UndefinedEncoding
    }
}
/// x
pub fn verify(code: &Code) -> Vec<Defect> {
    let mut v = vec![];
    for (i, w) in code.bytes[..code.body as usize].as_chunks().0.iter().enumerate() {
        let word = u32::from_le_bytes(*w);
        if let crate::arm64::Encoding::Undefined { .. } = crate::arm64::classify(word) {
            v.push(Defect { offset: 4 * i as u32, word, text: "undefined".into() });
        }
    }
    v
}
