//! Sealed datagrams: only those who know the mesh key can make or read one, and
//! each is taken once.
//!
//! `1 | nonce (24) | XChaCha20-Poly1305(at_ms (8) | sender (8) | sequence (8) | payload)`
//!
//! What is older than [`SKEW`] is refused by its time; what is younger is
//! remembered by sender and sequence. A node that has just started remembers
//! nothing: it may take a recent datagram a second time, which gossip does not
//! mind.

use std::collections::HashMap;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use crate::hlc::{MAX_CLOCK_SKEW_MS, apart};

/// How far the clocks of two hosts may be apart, in milliseconds.
pub const SKEW: u64 = MAX_CLOCK_SKEW_MS;

/// What marks this format; authenticated with the rest.
const MARK: [u8; 1] = [1];

const NONCE: usize = 24;
const HEAD: usize = 24;

/// Why a datagram was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// It is no sealed datagram, or nothing a node would say.
    Garbage,
    /// It was not made with our key, or altered on its way.
    BadKey,
    /// It was made too long ago, or ahead of time: by a clock so many milliseconds
    /// ahead of ours, negative: behind.
    Stale(i64),
    /// It was taken before, or is our own.
    Replay,
}

impl Dropped {
    /// As a label of a metric.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Garbage => "garbage",
            Self::BadKey => "stranger",
            Self::Stale(_) => "stale",
            Self::Replay => "replay",
        }
    }
}

/// What was in a datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// How far the sender's clock is ahead of ours, the way included; negative: behind.
    pub ahead_ms: i64,
    /// Plain text of the datagram.
    pub payload: Vec<u8>,
}

/// Seals and opens datagrams of one node.
pub struct Seal {
    cipher: XChaCha20Poly1305,
    me: u64,
    sequence: u64,
    senders: HashMap<u64, Window>,
}

/// The last sequences taken from one sender.
#[derive(Default)]
struct Window {
    highest: u64,
    seen: u128,
    heard_ms: u64,
}

impl Seal {
    /// A seal under `key`. Every run of a node needs another number as `me`.
    #[must_use]
    pub fn new(key: &[u8; 32], me: u64) -> Self {
        Self {
            cipher: XChaCha20Poly1305::new(key.into()),
            me,
            sequence: 0,
            senders: HashMap::new(),
        }
    }

    /// Seals `payload`. None when that is too long for any cipher.
    pub fn seal(&mut self, payload: &[u8], now_ms: u64) -> Option<Vec<u8>> {
        self.sequence += 1;
        let mut plain = Vec::with_capacity(HEAD + payload.len());
        for number in [now_ms, self.me, self.sequence] {
            plain.extend(number.to_be_bytes());
        }
        plain.extend(payload);
        let nonce: [u8; NONCE] = rand::random();
        let sealed = self.cipher.encrypt(
            &XNonce::from(nonce),
            Payload {
                msg: &plain,
                aad: &MARK,
            },
        );
        Some([&MARK[..], &nonce[..], &sealed.ok()?].concat())
    }

    /// Decrypts `datagram` and checks its age and origin.
    pub fn open(&mut self, datagram: &[u8], now_ms: u64) -> Result<Opened, Dropped> {
        let (mark, rest) = datagram.split_at_checked(1).ok_or(Dropped::Garbage)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or(Dropped::Garbage)?;
        if mark != MARK {
            return Err(Dropped::Garbage);
        }
        let aad = &MARK;
        let payload = Payload { msg: sealed, aad };
        let plain = self.cipher.decrypt(&XNonce::from(*nonce), payload);
        let plain = plain.map_err(|_| Dropped::BadKey)?;
        let (at_ms, rest) = number(&plain)?;
        let (sender, rest) = number(rest)?;
        let (sequence, payload) = number(rest)?;
        let ahead_ms = apart(at_ms, now_ms);
        if ahead_ms.unsigned_abs() > SKEW {
            return Err(Dropped::Stale(ahead_ms));
        }
        if sender == self.me || !self.window(sender, now_ms).take(sequence) {
            return Err(Dropped::Replay);
        }
        Ok(Opened {
            ahead_ms,
            payload: payload.to_vec(),
        })
    }

    /// The window of `sender`; those whose datagrams are all stale by now are
    /// forgotten when a new one turns up.
    fn window(&mut self, sender: u64, now_ms: u64) -> &mut Window {
        if !self.senders.contains_key(&sender) {
            let is_recent = |window: &mut Window| now_ms < window.heard_ms.saturating_add(2 * SKEW);
            self.senders.retain(|_, window| is_recent(window));
        }
        let window = self.senders.entry(sender).or_default();
        window.heard_ms = window.heard_ms.max(now_ms);
        window
    }
}

impl Window {
    /// Whether `sequence` is new; then it is not the next time.
    fn take(&mut self, sequence: u64) -> bool {
        if sequence > self.highest {
            let ahead = sequence - self.highest;
            let moved = u32::try_from(ahead)
                .ok()
                .and_then(|ahead| self.seen.checked_shl(ahead));
            self.seen = moved.unwrap_or(0) | 1;
            self.highest = sequence;
            return true;
        }
        let behind = self.highest - sequence;
        let Some(bit) = u32::try_from(behind)
            .ok()
            .and_then(|behind| 1u128.checked_shl(behind))
        else {
            return false;
        };
        let is_new = self.seen & bit == 0;
        self.seen |= bit;
        is_new
    }
}

fn number(bytes: &[u8]) -> Result<(u64, &[u8]), Dropped> {
    let (number, rest) = bytes.split_first_chunk().ok_or(Dropped::Garbage)?;
    Ok((u64::from_be_bytes(*number), rest))
}
