//! Tables in aligned columns for terminals.

/// Lays `rows` out under `head`, columns aligned. Numbers read best from the
/// right: a head that begins with a blank asks for that.
pub(crate) fn render(head: &[&str], rows: Vec<Vec<String>>) -> String {
    let titles = head.iter().map(|title| title.trim().to_owned()).collect();
    let lines: Vec<Vec<String>> = std::iter::once(titles).chain(rows).collect();
    let width = |column| {
        let cells = lines
            .iter()
            .filter_map(|line: &Vec<String>| line.get(column));
        cells
            .map(|cell: &String| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(head).zip(&widths);
        let cells: Vec<String> = cells
            .map(|((cell, title), &width)| match title {
                title if title.starts_with(' ') => format!("{cell:>width$}"),
                _ => format!("{cell:<width$}"),
            })
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// A number of bytes as people say it; a dash when nobody knows.
pub(crate) fn mebibytes(bytes: Option<u64>) -> String {
    let Some(bytes) = bytes else {
        return "-".to_owned();
    };
    let tenths = (bytes * 10 + (1 << 19)) >> 20;
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_numbers_from_the_right() {
        let rows = vec![
            vec!["a".to_owned(), "9".to_owned(), "x".to_owned()],
            vec!["long".to_owned(), "10".to_owned(), "y".to_owned()],
        ];
        let text = render(&["NAME", " N", "END"], rows);
        assert_eq!(text, "NAME   N  END\na      9  x\nlong  10  y\n");
    }

    #[test]
    fn bytes_are_rounded_to_a_tenth_of_a_mebibyte() {
        assert_eq!(mebibytes(Some(5 * 1024 * 1024 + 300 * 1024)), "5.3 MiB");
        assert_eq!(mebibytes(Some(1_048_575)), "1.0 MiB");
        assert_eq!(mebibytes(None), "-");
    }
}
