//! Writes frames as a capture that Wireshark opens.

use std::{fs, io, path::Path};

/// Link type of Ethernet.
const ETHERNET: u32 = 1;

/// Writes a pcap file; the frames are a millisecond apart.
pub fn write(path: &Path, frames: &[&[u8]]) -> io::Result<()> {
    let mut out = Vec::new();
    out.extend(0xa1b2_c3d4_u32.to_le_bytes());
    out.extend(2u16.to_le_bytes());
    out.extend(4u16.to_le_bytes());
    for word in [0, 0, 262_144, ETHERNET] {
        out.extend(word.to_le_bytes());
    }
    for (number, frame) in (0u32..).zip(frames.iter().copied()) {
        let length = u32::try_from(frame.len()).expect("a frame's length");
        for word in [number / 1000, number % 1000 * 1000, length, length] {
            out.extend(word.to_le_bytes());
        }
        out.extend(frame);
    }
    fs::write(path, out)
}

#[cfg(test)]
mod tests {
    use super::write;
    use crate::capture;

    #[test]
    fn what_is_written_is_read_back() {
        let name = format!("xiot-{}-pcap", std::process::id());
        let path = std::env::temp_dir().join(name);
        let frames: [&[u8]; 3] = [&[1; 14], &[2; 60], &[3; 9014]];
        write(&path, &frames).expect("a temporary file");
        let read = capture::read(&path);
        std::fs::remove_file(&path).expect("it was written");
        assert_eq!(read, frames);
    }
}
