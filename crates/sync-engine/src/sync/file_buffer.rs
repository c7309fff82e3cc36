//! Memory for one file. What is put into it is left to others.

use std::fmt;
use std::io::{self, Write};

use bytes::Bytes;
use memmap2::MmapMut;

/// From this size, in bytes, the memory is the system's own. Allocators keep freed blocks of megabytes for later, each
/// thread its own, so that a sync of large files came to twice what its budgets count.
const LARGE: usize = 1024 * 1024;

/// A buffer that goes back to the system when it is dropped, if it is large.
pub struct FileBuffer {
    memory: Memory,
    length: usize,
}

enum Memory {
    Heap(Vec<u8>),
    Mapped(MmapMut),
}

// It is content of files, which does not belong into logs.
impl fmt::Debug for FileBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileBuffer")
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl FileBuffer {
    /// Room for `capacity` bytes; what is never written takes no memory. With more than that it is moved.
    pub fn new(capacity: usize) -> Self {
        let memory = match capacity {
            0..LARGE => Memory::Heap(vec![0; capacity]),
            // Where nothing can be mapped, the allocator may still have a block.
            _ => MmapMut::map_anon(capacity).map_or_else(|_| Memory::Heap(vec![0; capacity]), Memory::Mapped),
        };
        Self { memory, length: 0 }
    }

    /// Returns the written bytes without copying them.
    pub fn into_bytes(self) -> Bytes {
        let length = self.length;
        Bytes::from_owner(self).slice(..length)
    }

    fn room(&mut self) -> &mut [u8] {
        let memory: &mut [u8] = match &mut self.memory {
            Memory::Heap(memory) => memory,
            Memory::Mapped(memory) => memory,
        };
        &mut memory[self.length..]
    }
}

impl AsRef<[u8]> for FileBuffer {
    fn as_ref(&self) -> &[u8] {
        let memory: &[u8] = match &self.memory {
            Memory::Heap(memory) => memory,
            Memory::Mapped(memory) => memory,
        };
        &memory[..self.length]
    }
}

impl Write for FileBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.room().len() < bytes.len() {
            let mut larger = Self::new(self.length + bytes.len() + self.length / 4);
            larger.room()[..self.length].copy_from_slice(self.as_ref());
            larger.length = self.length;
            *self = larger;
        }
        self.room()[..bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(capacity: usize, length: usize) -> (FileBuffer, Vec<u8>) {
        let content: Vec<u8> = (0..length).map(|at| at as u8).collect();
        let mut buffer = FileBuffer::new(capacity);
        for part in content.chunks(1000) {
            buffer.write_all(part).unwrap();
        }
        (buffer, content)
    }

    #[test_case::test_case(0, 0; "nothing")]
    #[test_case::test_case(10, 10; "exactly what was announced")]
    #[test_case::test_case(100, 10; "less")]
    #[test_case::test_case(10, 5_000; "more")]
    #[test_case::test_case(LARGE, LARGE; "a large file")]
    #[test_case::test_case(LARGE, LARGE + 5_000; "a large file with more than announced")]
    fn it_holds_what_was_written(capacity: usize, length: usize) {
        let (buffer, content) = written(capacity, length);
        assert!(buffer.as_ref() == content);
        assert!(buffer.into_bytes() == content);
    }
}
