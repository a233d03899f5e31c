//! `ClusterIP` emulation: every new connection goes to a ready pod.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Forwards connections until the process ends.
#[derive(Clone)]
pub(super) struct ClusterIp {
    pods: Arc<Mutex<Vec<SocketAddr>>>,
    /// Address on which it accepts connections.
    pub(super) address: SocketAddr,
}

impl ClusterIp {
    /// Opens a door at `address`.
    pub(super) fn open(address: Ipv4Addr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((address, 0))?;
        let door = Self {
            pods: Arc::default(),
            address: listener.local_addr()?,
        };
        let inside = door.clone();
        thread::spawn(move || {
            for (turn, visitor) in listener.incoming().flatten().enumerate() {
                let pods = inside.pods.lock().unwrap_or_else(PoisonError::into_inner);
                let pod = pods.get(turn % pods.len().max(1)).copied();
                thread::spawn(move || pod.map(|pod| proxy(&visitor, pod)));
            }
        });
        Ok(door)
    }

    /// Leads to these from now on.
    pub(super) fn set(&self, pods: Vec<SocketAddr>) {
        *self.pods.lock().unwrap_or_else(PoisonError::into_inner) = pods;
    }
}

fn proxy(visitor: &TcpStream, pod: SocketAddr) -> io::Result<()> {
    let inside = TcpStream::connect(pod)?;
    inside.set_nodelay(true)?;
    visitor.set_nodelay(true)?;
    let (mut from, mut to) = (visitor.try_clone()?, inside.try_clone()?);
    let in_ = thread::spawn(move || {
        _ = io::copy(&mut from, &mut to);
        to.shutdown(Shutdown::Write)
    });
    _ = io::copy(&mut &inside, &mut &*visitor);
    _ = visitor.shutdown(Shutdown::Write);
    _ = in_.join();
    Ok(())
}
