//! A gzip member (RFC 1952) that unpacks to much more than it holds.

use bytes::{BufMut, Bytes, BytesMut};

/// How many blanks the bomb unpacks to before the document begins: nearly 64 MiB.
const BLANKS: usize = 1 + RUNS * RUN;
/// Each match copies the longest run there is.
const RUN: usize = 258;
/// Eight matches of 13 bits fill 13 bytes, so that the pattern repeats bytewise.
const RUNS: usize = 8 * 32_513;

/// `document` behind [`BLANKS`] blanks.
pub(super) fn bomb(document: &[u8]) -> Bytes {
    let mut packed = BytesMut::with_capacity(RUNS / 8 * 13 + document.len() + 64);
    // Deflate, no flags, no time, no operating system.
    packed.put_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);

    // One block with the fixed codes (RFC 1951 section 3.2.6): a blank, then copies of what is one byte back.
    let mut bits = Bits { packed: &mut packed, pending: 0, count: 0 };
    bits.put(0b010, 3);
    bits.put_code(0x30 + u32::from(b' '), 8);
    for _ in 0..RUNS {
        bits.put_code(0b1100_0101, 8);
        bits.put_code(0, 5);
    }
    bits.put_code(0, 7);

    // The document in stored blocks of at most 65535 bytes; an empty one ends all.
    for part in document.chunks(0xffff).chain([&[][..]]) {
        bits.put(u32::from(part.is_empty()), 3);
        bits.fill();
        let length = u16::try_from(part.len()).unwrap_or_default();
        bits.packed.put_u16_le(length);
        bits.packed.put_u16_le(!length);
        bits.packed.put_slice(part);
    }
    packed.put_u32_le(!checksum(AFTER_BLANKS, document));
    packed.put_u32_le(u32::try_from(BLANKS + document.len()).unwrap_or(u32::MAX));
    packed.freeze()
}

struct Bits<'b> {
    packed: &'b mut BytesMut,
    pending: u32,
    count: u32,
}

impl Bits<'_> {
    /// Lowest bit first, as numbers are written.
    fn put(&mut self, value: u32, count: u32) {
        self.pending |= value << self.count;
        self.count += count;
        while self.count >= 8 {
            self.packed.put_u8((self.pending & 0xff) as u8);
            self.pending >>= 8;
            self.count -= 8;
        }
    }

    /// Highest bit first, as codes are written.
    fn put_code(&mut self, code: u32, count: u32) {
        self.put(code.reverse_bits() >> (32 - count), count);
    }

    fn fill(&mut self) {
        if self.count > 0 {
            self.put(0, 8 - self.count);
        }
    }
}

/// CRC-32 continued over `bytes`, before its final inversion.
const fn checksum(start: u32, bytes: &[u8]) -> u32 {
    let mut state = start;
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        state ^= *first as u32;
        let mut bit = 0;
        while bit < 8 {
            state = if state & 1 == 1 { (state >> 1) ^ 0xedb8_8320 } else { state >> 1 };
            bit += 1;
        }
        rest = tail;
    }
    state
}

/// [`checksum`] over the blanks. A constant, because computing it takes a second.
const AFTER_BLANKS: u32 = 0x9ccd_dee7;

#[cfg(test)]
mod tests {
    use super::{AFTER_BLANKS, BLANKS, checksum};

    #[test]
    fn the_checksum_of_the_blanks_is_the_constant() {
        let start = checksum(u32::MAX, b"");
        assert_eq!(checksum(start, &vec![b' '; BLANKS]), AFTER_BLANKS);
    }
}
