//! Storage in memory that remembers every write.

use std::{
    io,
    sync::{Arc, Mutex},
};

use redb::StorageBackend;

/// What storage was told.
#[derive(Clone, Debug)]
pub(in crate::store) enum Step {
    Write(u64, Vec<u8>),
    Length(u64),
    /// All before it is on the disk.
    Sync,
}

/// Storage in memory with a log.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct Disk {
    bytes: Arc<Mutex<Vec<u8>>>,
    log: Arc<Mutex<Vec<Step>>>,
}

impl Disk {
    pub(in crate::store) fn holding(bytes: Vec<u8>) -> Self {
        Self {
            bytes: Arc::new(Mutex::new(bytes)),
            log: Arc::default(),
        }
    }

    pub(in crate::store) fn bytes(&self) -> Vec<u8> {
        self.bytes.lock().unwrap().clone()
    }

    /// Every step.
    pub(in crate::store) fn log(&self) -> Vec<Step> {
        self.log.lock().unwrap().clone()
    }

    /// How many steps there were.
    pub(in crate::store) fn steps(&self) -> usize {
        self.log.lock().unwrap().len()
    }
}

pub(in crate::store) fn apply(bytes: &mut Vec<u8>, step: &Step) {
    match step {
        Step::Write(at, data) => {
            let at = usize::try_from(*at).unwrap();
            let end = at + data.len();
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            bytes[at..end].copy_from_slice(data);
        }
        Step::Length(length) => bytes.resize(usize::try_from(*length).unwrap(), 0),
        Step::Sync => {}
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.bytes.lock().unwrap().len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let bytes = self.bytes.lock().unwrap();
        let at = usize::try_from(offset).unwrap();
        let end = at + out.len();
        let found = bytes.get(at..end).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(found);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.tell(Step::Length(len));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.tell(Step::Sync);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.tell(Step::Write(offset, data.to_vec()));
        Ok(())
    }
}

impl Disk {
    fn tell(&self, step: Step) {
        apply(&mut self.bytes.lock().unwrap(), &step);
        self.log.lock().unwrap().push(step);
    }
}
