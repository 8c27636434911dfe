//! The data path on the real kernel: loading, policies in slots, test runs. Needs root.

mod collect;
mod conversations;
mod copies;
mod flows;
mod gateway;
mod image;
mod load;
mod memory;
mod ready;
mod refuse;
mod slots;
mod table;
mod test_run;
