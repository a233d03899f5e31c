//! Gossip over UDP, every datagram sealed.

use std::io;
use std::net::SocketAddr;

use anyhow::Context;
use async_trait::async_trait;
use chassis::announce::MeshKey;
use chitchat::transport::{Socket, Transport};
use chitchat::{ChitchatMessage, Deserializable, Serializable};
use metrics::counter;
use tokio::net::UdpSocket;

use crate::clocks::Clocks;
use crate::node::now_ms;
use crate::seal::{Dropped, Opened, Seal};

/// The largest datagram there is.
const LARGEST: usize = 65_507;

/// Tells the time of day, in milliseconds since the Unix epoch.
pub type Clock = fn() -> u64;

/// Transport of chitchat over sealed datagrams.
pub struct Sealed {
    key: MeshKey,
    clock: Clock,
}

impl Sealed {
    /// Sockets sealed with a key derived from `key`.
    #[must_use]
    pub fn new(key: MeshKey) -> Self {
        Self::with_clock(key, now_ms)
    }

    /// The same by another `clock` than that of this host.
    #[must_use]
    pub fn with_clock(key: MeshKey, clock: Clock) -> Self {
        Self { key, clock }
    }
}

#[async_trait]
impl Transport for Sealed {
    async fn open(&self, listen_addr: SocketAddr) -> anyhow::Result<Box<dyn Socket>> {
        let socket = UdpSocket::bind(listen_addr).await.with_context(|| {
            format!(
                "cannot gossip on {listen_addr}: choose another GOSSIP_PORT or end what uses it"
            )
        })?;
        Ok(Box::new(SealedSocket {
            socket,
            seal: Seal::new(&self.key.derive("gossip"), rand::random()),
            clock: self.clock,
            clocks: Clocks::default(),
            buffer: vec![0; LARGEST].into_boxed_slice(),
        }))
    }
}

struct SealedSocket {
    socket: UdpSocket,
    seal: Seal,
    clock: Clock,
    clocks: Clocks,
    buffer: Box<[u8]>,
}

#[async_trait]
impl Socket for SealedSocket {
    async fn send(&mut self, to: SocketAddr, message: ChitchatMessage) -> anyhow::Result<()> {
        if matches!(message, ChitchatMessage::Syn { .. }) {
            counter!("mesh_gossip_rounds_total").increment(1);
        }
        let sealed = self.seal.seal(&message.serialize_to_vec(), (self.clock)());
        let sent = match sealed {
            Some(sealed) => self.socket.send_to(&sealed, to).await,
            None => Err(io::ErrorKind::InvalidInput.into()),
        };
        // A datagram more or less is nothing to gossip; the next round sends another.
        if let Err(error) = sent {
            counter!("mesh_datagrams_unsent_total").increment(1);
            tracing::debug!(%to, %error, "datagram not sent");
        }
        Ok(())
    }

    async fn recv(&mut self) -> anyhow::Result<(SocketAddr, ChitchatMessage)> {
        loop {
            match self.receive().await {
                Ok(Ok(received)) => return Ok(received),
                Ok(Err(dropped)) => {
                    counter!("mesh_datagrams_dropped_total", "reason" => dropped.label())
                        .increment(1);
                }
                // What became of a datagram to a peer that has gone is told to the receiver.
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(error).context("cannot gossip any more"),
            }
        }
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::OutOfMemory
    )
}

impl SealedSocket {
    async fn receive(&mut self) -> io::Result<Result<(SocketAddr, ChitchatMessage), Dropped>> {
        let (length, from) = self.socket.recv_from(&mut self.buffer).await?;
        let opened = self.seal.open(&self.buffer[..length], (self.clock)());
        if let Ok(Opened { ahead_ms, .. }) | Err(Dropped::Stale(ahead_ms)) = &opened {
            self.clocks.observe(from, *ahead_ms);
        }
        Ok(opened.and_then(|Opened { payload, .. }| {
            let message = ChitchatMessage::deserialize(&mut payload.as_slice());
            message
                .map(|message| (from, message))
                .map_err(|_| Dropped::Garbage)
        }))
    }
}
