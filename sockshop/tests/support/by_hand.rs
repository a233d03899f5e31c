//! Requests written out by hand, where a client would tidy them up or wait.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::TIMEOUT;

/// Sends `head` and `body` to the server at `url`, and returns all it answers.
pub(crate) fn exchange(url: &str, head: &[&str], body: &str) -> String {
    hear(ask(url, head, body))
}

/// Sends `head` and `body` to the server at `url`.
pub(crate) fn ask(url: &str, head: &[&str], body: &str) -> TcpStream {
    let address = url.strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(address).unwrap();
    let lines = head.join("\r\n");
    let request = format!("{lines}\r\nHost: {address}\r\nConnection: close\r\n\r\n{body}");
    connection.write_all(request.as_bytes()).unwrap();
    connection
}

/// All that is answered.
pub(crate) fn hear(mut connection: TcpStream) -> String {
    let mut answer = String::new();
    connection.set_read_timeout(Some(TIMEOUT)).unwrap();
    connection.read_to_string(&mut answer).unwrap();
    answer
}
