//! Types that the agent and the XDP program share.
#![no_std]
