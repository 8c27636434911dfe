//! Policy to image.

pub mod digest;
pub mod image;
