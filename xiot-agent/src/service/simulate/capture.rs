//! Captures as they come: pcap and pcapng, frame by frame.

use std::io::Read;

use jiff::Timestamp;
use pcap_parser::{
    Block, Linktype, PcapBlockOwned, PcapError, PcapHeader, create_reader,
    pcapng::InterfaceDescriptionBlock,
};

/// Bytes read at once; more than the longest block.
const BUFFER: usize = 1 << 20;

/// A frame of a capture.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'c> {
    /// When it was captured; none: the capture does not say.
    pub time: Option<Timestamp>,
    /// What it begins with; 1: an Ethernet header (<https://www.tcpdump.org/linktypes.html>).
    pub link: i32,
    /// As much of it as was captured.
    pub data: &'c [u8],
    /// How long it was.
    pub length: usize,
}

/// A capture can't be read.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// It is none.
    #[error("this is no capture: neither pcap nor pcapng")]
    NoCapture,
    /// It is damaged, or ends within a block.
    #[error("the capture is damaged after {frames} frames: {what}")]
    Damaged {
        /// Frames before that.
        frames: u64,
        /// What the parser says.
        what: String,
    },
}

/// An interface that frames were captured on.
#[derive(Clone, Copy)]
struct Interface {
    link: Linktype,
    /// Units of time in a second, and seconds to add.
    resolution: u64,
    offset: i64,
}

impl Interface {
    fn of_header(header: &PcapHeader) -> Self {
        Self {
            link: header.network,
            resolution: if header.is_nanosecond_precision() {
                1_000_000_000
            } else {
                1_000_000
            },
            offset: 0,
        }
    }

    fn of_block(block: &InterfaceDescriptionBlock<'_>) -> Self {
        Self {
            link: block.linktype,
            resolution: block
                .ts_resolution()
                .filter(|it| *it > 0)
                .unwrap_or(1_000_000),
            offset: block.ts_offset(),
        }
    }

    fn time(self, units: u64) -> Option<Timestamp> {
        let nanos = i128::from(units) * 1_000_000_000 / i128::from(self.resolution);
        Timestamp::from_nanosecond(nanos + i128::from(self.offset) * 1_000_000_000).ok()
    }
}

/// Hands out each frame of a capture, in order.
pub fn read(
    source: impl Read + Send + 'static,
    mut each: impl FnMut(Frame<'_>),
) -> Result<(), CaptureError> {
    let mut frames = 0;
    let damaged = |frames, what: &str| CaptureError::Damaged {
        frames,
        what: what.to_owned(),
    };
    let mut reader = create_reader(BUFFER, source).map_err(|error| {
        let is_none = matches!(
            error,
            PcapError::Incomplete(_) | PcapError::Eof | PcapError::HeaderNotRecognized
        );
        if is_none {
            CaptureError::NoCapture
        } else {
            damaged(0, &format!("{error:?}"))
        }
    })?;
    let mut interfaces: Vec<Interface> = Vec::new();
    loop {
        let (length, block) = match reader.next() {
            Ok(found) => found,
            Err(PcapError::Eof) => return Ok(()),
            Err(PcapError::Incomplete(_)) => {
                reader
                    .refill()
                    .map_err(|error| damaged(frames, &format!("{error:?}")))?;
                continue;
            }
            Err(error) => return Err(damaged(frames, &format!("{error:?}"))),
        };
        let mut tell =
            |interface: Option<&Interface>, units: Option<u64>, data: &[u8], length: u32| {
                let interface =
                    interface.ok_or_else(|| damaged(frames, "a frame of no interface"))?;
                frames += 1;
                each(Frame {
                    time: units.and_then(|units| interface.time(units)),
                    link: interface.link.0,
                    data,
                    length: usize::try_from(length).unwrap_or(usize::MAX),
                });
                Ok(())
            };
        match block {
            PcapBlockOwned::LegacyHeader(header) => {
                interfaces = vec![Interface::of_header(&header)]
            }
            PcapBlockOwned::Legacy(frame) => {
                let interface = interfaces.first();
                let resolution = interface.map_or(1, |it| it.resolution);
                let units = u64::from(frame.ts_sec) * resolution + u64::from(frame.ts_usec);
                tell(interface, Some(units), frame.data, frame.origlen)?;
            }
            PcapBlockOwned::NG(Block::SectionHeader(_)) => interfaces.clear(),
            PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => {
                interfaces.push(Interface::of_block(&interface));
            }
            PcapBlockOwned::NG(Block::EnhancedPacket(frame)) => {
                let interface = interfaces.get(frame.if_id as usize);
                let units = u64::from(frame.ts_high) << 32 | u64::from(frame.ts_low);
                let data = frame
                    .data
                    .get(..frame.caplen as usize)
                    .unwrap_or(frame.data);
                tell(interface, Some(units), data, frame.origlen)?;
            }
            PcapBlockOwned::NG(Block::SimplePacket(frame)) => {
                tell(interfaces.first(), None, frame.data, frame.origlen)?;
            }
            PcapBlockOwned::NG(_) => {}
        }
        reader.consume(length);
    }
}
