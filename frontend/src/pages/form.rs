//! Forms as pages show them: their fields, and what is wrong with them.

use super::field::Field;
use super::submitted;

/// A form on a page.
#[derive(Clone, Debug, Default)]
pub(super) struct Form {
    /// Its fields, in order.
    pub fields: Vec<Field>,
    headline: Option<String>,
}

impl Form {
    /// An empty form of these fields.
    pub(super) fn new(fields: impl IntoIterator<Item = Vec<Field>>) -> Self {
        Self {
            fields: fields.into_iter().flatten().collect(),
            headline: None,
        }
    }

    /// Fills in the fields of `group` and says whether they will do.
    pub(super) fn check(&mut self, group: &str, sent: &submitted::Form) -> bool {
        for field in self.fields.iter_mut().filter(|field| field.group == group) {
            field.fill(sent);
        }
        self.field_problems().count() == 0
    }

    /// Puts `value` into the field called `name`.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        if let Some(field) = self.fields.iter_mut().find(|field| field.name == name) {
            value.clone_into(&mut field.value);
        }
    }

    /// What is in the field called `name`.
    pub(super) fn value(&self, name: &str) -> String {
        let field = self.fields.iter().find(|field| field.name == name);
        field.map(|field| field.value.clone()).unwrap_or_default()
    }

    /// Says `headline` above the form.
    pub(super) fn fail(&mut self, headline: impl Into<String>) {
        self.headline = Some(headline.into());
    }

    /// Says `problem` beside the field called `name`.
    pub(super) fn reject(&mut self, name: &str, problem: impl Into<String>) {
        if let Some(field) = self.fields.iter_mut().find(|field| field.name == name) {
            field.problem = Some(problem.into());
        }
    }

    /// The form as it may be shown again.
    pub(super) fn shown(mut self) -> Self {
        self.fields.iter_mut().for_each(Field::forget_secrets);
        self
    }

    /// The fields of one group.
    pub(super) fn of(&self, group: &str) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(move |field| field.group == group)
    }

    /// The fields that will not do.
    pub(super) fn field_problems(&self) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(|field| field.problem.is_some())
    }

    /// Whether anything is wrong.
    pub(super) fn has_problems(&self) -> bool {
        self.headline.is_some() || self.field_problems().count() > 0
    }

    /// What is wrong, in one sentence.
    pub(super) fn headline(&self) -> &str {
        let count = self.field_problems().count();
        match &self.headline {
            Some(headline) => headline,
            None if count == 1 => "One field needs another look.",
            None => "A few fields need another look.",
        }
    }

    /// Whether something is wrong with a field of `group`.
    pub(super) fn is_open(&self, group: &str) -> bool {
        self.of(group).any(|field| field.problem.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::fields::{address, card, profile, register};

    #[test]
    fn only_the_fields_in_question_are_checked() {
        let mut form = Form::new([address(), card()]);
        let sent = submitted::Form::from([
            ("number", "12b"),
            ("street", "Mill Lane"),
            ("city", "Leeds"),
            ("postcode", "LS1 1AA"),
            ("country", "UK"),
        ]);
        assert!(form.check("address", &sent));
        assert!(!form.check("card", &sent));
        assert!(form.is_open("card") && !form.is_open("address"));
        assert_eq!(form.value("city"), "Leeds");
        assert_eq!(form.headline(), "A few fields need another look.");
    }

    #[test]
    fn no_two_fields_of_a_page_share_a_name() {
        let account = Form::new([profile(), address(), card()]);
        let mut names: Vec<_> = account.fields.iter().map(Field::id).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert_eq!(Form::new([register()]).fields.len(), 5);
    }
}
