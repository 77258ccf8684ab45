//! The bytes of numbers, lists and names, written and read.
//!
//! Numbers are LEB128, signed ones with their sign in the lowest bit. A list is its length and its members. A name is its place in the list
//! of names that stands before everything else. What is read is believed in nothing: no length allocates more than the bytes that are there.

use super::PackError;

/// What can be packed.
pub(super) trait Wire: Sized {
    /// Appends it.
    fn write(&self, w: &mut Writer);
    /// Reads one.
    fn read(r: &mut Reader) -> Result<Self, PackError>;
}

/// Bytes that are being written.
#[derive(Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    names: Vec<&'static str>,
}

impl Writer {
    /// Appends the place of a name.
    pub(super) fn name(&mut self, name: &'static str) {
        let place = self.names.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.names.push(name);
            self.names.len() - 1
        });
        place.write(self);
    }

    /// The names, and behind them what was written.
    pub(super) fn finish(self) -> Vec<u8> {
        let mut head = Writer::default();
        self.names.len().write(&mut head);
        self.names.iter().for_each(|name| (*name).to_string().write(&mut head));
        [head.bytes, self.bytes].concat()
    }
}

/// Bytes that are still to be read.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    names: Vec<String>,
}

impl<'a> Reader<'a> {
    /// Reads the names.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Reader<'a>, PackError> {
        let mut r = Reader { bytes, names: Vec::new() };
        r.names = Vec::read(&mut r)?;
        Ok(r)
    }

    /// A name that `find` knows, as a `what`.
    pub(super) fn name<T>(&mut self, what: &'static str, find: impl Fn(&str) -> Option<T>) -> Result<T, PackError> {
        let place = usize::read(self)?;
        let name = self.names.get(place).ok_or(PackError::Number { what: "name", number: place as u64 })?;
        find(name).ok_or_else(|| PackError::Name { what, name: name.clone() })
    }

    /// Nothing may be left.
    pub(super) fn finish(self) -> Result<(), PackError> {
        if self.bytes.is_empty() { Ok(()) } else { Err(PackError::Rest(self.bytes.len())) }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], PackError> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or(PackError::End)?;
        self.bytes = rest;
        Ok(taken)
    }
}

impl Wire for u8 {
    fn write(&self, w: &mut Writer) {
        w.bytes.push(*self);
    }

    fn read(r: &mut Reader) -> Result<Self, PackError> {
        Ok(r.take(1)?[0])
    }
}

impl Wire for u64 {
    fn write(&self, w: &mut Writer) {
        let mut left = *self;
        while left >= 0x80 {
            w.bytes.push(left.to_le_bytes()[0] | 0x80);
            left >>= 7;
        }
        w.bytes.push(left.to_le_bytes()[0]);
    }

    fn read(r: &mut Reader) -> Result<Self, PackError> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = u8::read(r)?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return Err(PackError::TooLarge);
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(PackError::TooLarge)
    }
}

impl Wire for i64 {
    fn write(&self, w: &mut Writer) {
        ((self << 1) ^ (self >> 63)).cast_unsigned().write(w);
    }

    fn read(r: &mut Reader) -> Result<Self, PackError> {
        let number = u64::read(r)?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }
}

/// Smaller numbers, as the larger ones.
macro_rules! as_larger {
    ($( $small:ty: $large:ty, )*) => { $(
        impl Wire for $small {
            fn write(&self, w: &mut Writer) {
                <$large>::try_from(*self).expect("it is larger").write(w);
            }

            fn read(r: &mut Reader) -> Result<Self, PackError> {
                <$small>::try_from(<$large>::read(r)?).map_err(|_| PackError::TooLarge)
            }
        }
    )* };
}
as_larger! { u16: u64, u32: u64, usize: u64, i32: i64, }

impl Wire for bool {
    fn write(&self, w: &mut Writer) {
        u8::from(*self).write(w);
    }

    fn read(r: &mut Reader) -> Result<Self, PackError> {
        match u8::read(r)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(PackError::Number { what: "truth value", number: other.into() }),
        }
    }
}

impl<T: Wire> Wire for Option<T> {
    fn write(&self, w: &mut Writer) {
        self.is_some().write(w);
        self.iter().for_each(|value| value.write(w));
    }

    fn read(r: &mut Reader) -> Result<Self, PackError> {
        bool::read(r)?.then(|| T::read(r)).transpose()
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn write(&self, w: &mut Writer) {
        self.len().write(w);
        self.iter().for_each(|value| value.write(w));
    }

    fn read(r: &mut Reader) -> Result<Self, PackError> {
        // A wrong length ends at the end of the bytes: every member takes one at least, and nothing is allocated before it is read.
        (0..usize::read(r)?).map(|_| T::read(r)).collect()
    }
}

impl<A: Wire, B: Wire> Wire for (A, B) {
    fn write(&self, w: &mut Writer) {
        self.0.write(w);
        self.1.write(w);
    }

    fn read(r: &mut Reader) -> Result<Self, PackError> {
        Ok((A::read(r)?, B::read(r)?))
    }
}

impl Wire for String {
    fn write(&self, w: &mut Writer) {
        self.len().write(w);
        w.bytes.extend_from_slice(self.as_bytes());
    }

    fn read(r: &mut Reader) -> Result<Self, PackError> {
        let length = usize::read(r)?;
        let text = std::str::from_utf8(r.take(length)?).map_err(|_| PackError::NoText)?;
        Ok(text.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comes_back<T: Wire + PartialEq + std::fmt::Debug>(value: T) {
        let mut w = Writer::default();
        value.write(&mut w);
        let mut r = Reader { bytes: &w.bytes, names: vec![] };
        assert_eq!(T::read(&mut r), Ok(value));
        assert_eq!(r.finish(), Ok(()));
    }

    #[test]
    fn numbers_come_back_to_their_limits() {
        [0, 1, 127, 128, u64::MAX >> 1, u64::MAX].into_iter().for_each(comes_back);
        [0, -1, 63, -64, 64, i64::MIN, i64::MAX].into_iter().for_each(comes_back);
        [i32::MIN, i32::MAX].into_iter().for_each(comes_back);
        comes_back(vec![(Some(u16::MAX), "é".to_string()), (None, String::new())]);
    }

    #[test]
    fn numbers_that_do_not_fit_are_errors() {
        let read = |bytes: &[u8]| u64::read(&mut Reader { bytes, names: vec![] });
        assert_eq!(read(&[0xff; 9]), Err(PackError::End));
        assert_eq!(read(&[[0xff; 9].as_slice(), &[1]].concat()), Ok(u64::MAX));
        assert_eq!(read(&[[0xff; 9].as_slice(), &[2]].concat()), Err(PackError::TooLarge));
        assert_eq!(read(&[0x80; 11]), Err(PackError::TooLarge));
        assert_eq!(u16::read(&mut Reader { bytes: &[0x80, 0x80, 4], names: vec![] }), Err(PackError::TooLarge));
    }

    #[test]
    fn a_length_beyond_the_end_is_an_error_and_allocates_nothing() {
        let mut w = Writer::default();
        u64::MAX.write(&mut w);
        let read = |bytes: &[u8]| Vec::<u8>::read(&mut Reader { bytes, names: vec![] });
        assert_eq!(read(&w.bytes), Err(PackError::End));
        assert!(matches!(String::read(&mut Reader { bytes: &w.bytes, names: vec![] }), Err(PackError::End)));
    }
}
