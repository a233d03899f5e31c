//! Names that services go by in the mesh.

/// The aliases of the original shop, and the names they stand for.
const ALIASES: [(&str, &str); 2] = [("cart", "carts"), ("edge-router", "front-end")];

/// The name a service goes by in the mesh, whatever alias it is called by.
#[must_use]
pub fn canonical(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
    alias.map_or(name, |(_, stands_for)| (*stands_for).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_stand_for_the_names_of_the_shop() {
        let names = ["cart", "Carts", "edge-router", "user"].map(canonical);
        assert_eq!(names, ["carts", "carts", "front-end", "user"]);
    }
}
