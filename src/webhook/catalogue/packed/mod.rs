//! The rows as bytes, since pointers weigh more than what they point to: what is read is what was written.
//!
//! The compiler writes them ([`Writer`]) from the rows of this folder, and the small artefact holds nothing else. Texts
//! and lists begin with their length, an enum with the number of its variant. No byte is above 127 but the one that
//! ends a row.

mod read;
mod write;

pub(super) use read::{names, read};
pub(super) use write::Writer;

/// Ends a row.
const END: u8 = 0xff;

#[cfg(test)]
mod tests {
    use super::read::Reader;
    use super::*;
    use crate::webhook::{SCHEMES, Scheme};

    #[test]
    fn every_row_that_needs_no_public_key_is_read_as_it_was_written() {
        const BYTES_MAX: usize = 1024;
        for row in SCHEMES {
            let writer = Writer::<BYTES_MAX>::of(&[row]);
            let packed: [u8; BYTES_MAX] = writer.first();
            let packed: &'static [u8] = packed[..writer.written()].to_vec().leak();
            let other = |name: &str| SCHEMES.iter().find(|row| row.name == name).copied();
            let found = read(packed, row.name, other);
            assert_eq!(names(packed).next(), Some(row.name));
            if packed.split_last().unwrap().1.contains(&END) {
                assert!(matches!(row.primitive.name(), "public-key" | "jws-es256"), "{}", row.name);
                continue;
            }
            let found = Scheme { provenance: row.provenance, ..*found.unwrap() };
            assert_eq!(found, **row);
            assert!(read(packed, "", other).is_none() && read(packed, "stripe-v2", other).is_none());
        }
    }

    #[test]
    fn numbers_are_read_as_they_were_written() {
        for number in [0, 1, 63, 64, 127, 128, 300, 720, 8191] {
            let mut writer = Writer::<2> { bytes: [0; 2], written: 0 };
            writer.count(number);
            assert!(writer.bytes.iter().all(|byte| *byte < 128));
            let mut reader = Reader { rest: writer.bytes[..writer.written].to_vec().leak() };
            assert_eq!(reader.number(), number);
            assert!(reader.rest.is_empty());
        }
    }
}
