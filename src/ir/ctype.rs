//! C types of foreign data objects.

/// The C type of a cdata.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CdataType {
    /// `int32_t`
    Int32,
    /// `int64_t`
    Int64,
    /// `uint64_t`
    UInt64,
    /// `double`
    Double,
    /// `void *`
    Pointer,
    /// A structure of this many bytes, a multiple of 8 up to 64.
    Struct(u8),
    /// `int[?]`, an array whose size is given when it is made. No world has one.
    Vla,
}

impl CdataType {
    /// Bytes of payload; `None` where that is not part of the type.
    pub const fn size(self) -> Option<u32> {
        match self {
            CdataType::Int32 => Some(4),
            CdataType::Int64 | CdataType::UInt64 | CdataType::Double | CdataType::Pointer => Some(8),
            CdataType::Struct(n) => Some(n as u32),
            CdataType::Vla => None,
        }
    }

    /// The type in C.
    pub fn c_name(self) -> String {
        match self {
            CdataType::Int32 => "int32_t".into(),
            CdataType::Int64 => "int64_t".into(),
            CdataType::UInt64 => "uint64_t".into(),
            CdataType::Double => "double".into(),
            CdataType::Pointer => "void *".into(),
            CdataType::Struct(n) => format!("struct {{ int64_t a[{}]; }}", n / 8),
            CdataType::Vla => "int[?]".into(),
        }
    }

    /// The name in text.
    pub fn text(self) -> String {
        match self {
            CdataType::Int32 => "int32".into(),
            CdataType::Int64 => "int64".into(),
            CdataType::UInt64 => "uint64".into(),
            CdataType::Double => "double".into(),
            CdataType::Pointer => "pointer".into(),
            CdataType::Struct(n) => format!("struct{n}"),
            CdataType::Vla => "vla".into(),
        }
    }

    /// The type with this text name.
    pub fn from_text(s: &str) -> Option<CdataType> {
        let structs = (1..=8).map(|n| CdataType::Struct(8 * n));
        [Self::Int32, Self::Int64, Self::UInt64, Self::Double, Self::Pointer, Self::Vla]
            .into_iter()
            .chain(structs)
            .find(|t| t.text() == s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_cdata_read_back() {
        for n in 1..=8 {
            let ty = CdataType::Struct(8 * n);
            assert_eq!(CdataType::from_text(&ty.text()), Some(ty));
            assert_eq!(ty.size(), Some(u32::from(8 * n)));
        }
    }
}
