//! Gzip files as `gzip` reads them (RFC 1952): one member after another, and zeros after the last one, with which
//! tapes and archives pad their blocks.

use std::io::{self, BufRead, ErrorKind, Read};

use flate2::bufread::GzDecoder;

/// The first two bytes of every member (section 2.3.1).
pub(super) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The decompressed members of a gzip file.
pub(super) struct Members<R> {
    /// The member being read; none at the end.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Members<R> {
    pub(super) fn new(file: R) -> Self {
        Self { member: Some(GzDecoder::new(file)) }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let count = member.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let rest = self.member.take().map(GzDecoder::into_inner);
            self.member = rest.map(next).transpose()?.flatten();
        }
        Ok(0)
    }
}

/// The next member; none if only zeros follow.
fn next<R: BufRead>(mut rest: R) -> io::Result<Option<GzDecoder<R>>> {
    if rest.fill_buf()?.first().is_some_and(|&byte| byte != 0) {
        return Ok(Some(GzDecoder::new(rest)));
    }
    loop {
        let bytes = rest.fill_buf()?;
        let count = bytes.len();
        if count == 0 {
            return Ok(None);
        }
        if bytes.iter().any(|&byte| byte != 0) {
            let behind = "something other than zeros follows its end";
            return Err(io::Error::new(ErrorKind::InvalidData, behind));
        }
        rest.consume(count);
    }
}
