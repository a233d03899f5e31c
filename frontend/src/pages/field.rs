//! Fields of forms: how they look, what they take, and what to say when they
//! do not.

use chassis::clock::now_ms;
use validation::card::month_at;
use validation::text;

use super::submitted::Form;
use super::validate::Rule;

/// One field, with what was typed into it.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// Its name in the form, and on the page.
    pub name: &'static str,
    /// Fields that are checked together.
    pub group: &'static str,
    /// What it is called.
    pub label: &'static str,
    /// What helps to fill it in.
    pub hint: &'static str,
    /// Its type in HTML.
    pub kind: &'static str,
    /// How browsers fill it in.
    pub autocomplete: &'static str,
    /// Its share of a line.
    pub width: &'static str,
    /// Whether a telephone should show digits.
    pub numeric: bool,
    /// How many characters it takes.
    pub longest: usize,
    /// What was typed into it.
    pub value: String,
    /// What is wrong with that.
    pub problem: Option<String>,
    /// Rule that a value must meet.
    pub rule: Rule,
}

impl Field {
    /// A line of text that `rule` holds for.
    pub(super) fn new(name: &'static str, label: &'static str, rule: Rule) -> Self {
        Self {
            name,
            group: "",
            label,
            hint: "",
            kind: "text",
            autocomplete: name,
            width: "",
            numeric: false,
            longest: text::MAX_LENGTH,
            value: String::new(),
            problem: None,
            rule,
        }
    }

    /// Where it stands on its page.
    pub(super) fn id(&self) -> &'static str {
        self.name
    }

    /// Whether it must be filled in.
    pub(super) fn required(&self) -> bool {
        !matches!(self.rule, Rule::Optional | Rule::Email)
    }

    /// What on the page says more about it.
    pub(super) fn described_by(&self) -> Option<String> {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.name));
        let problem = self
            .problem
            .as_ref()
            .map(|_| format!("{}-problem", self.name));
        let ids: Vec<_> = [hint, problem].into_iter().flatten().collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    /// Takes what was typed: in the form in which it is meant, or as it was
    /// typed and with what is wrong with it.
    pub(super) fn fill(&mut self, form: &Form) {
        let typed = match self.kind {
            "password" => form.exact(self.name),
            _ => form.value(self.name),
        };
        match self.rule.read(typed, month_at(now_ms())) {
            Ok(meant) => {
                self.value = meant;
                self.problem = None;
            }
            Err(problem) => {
                typed.clone_into(&mut self.value);
                self.problem = Some(format!("{} {problem}", self.label));
            }
        }
    }

    /// Whether it takes a password, a card number or a security code.
    pub(super) fn is_secret(&self) -> bool {
        let is_of_card = matches!(self.rule, Rule::CardNumber | Rule::SecurityCode);
        is_of_card || self.kind == "password"
    }

    /// Clears what must not be shown again.
    pub(super) fn forget_secrets(&mut self) {
        if self.is_secret() {
            self.value.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_kept_except_secrets() {
        let mut street = Field::new("street", "Street", Rule::Required);
        let mut number = Field::new("card_number", "Card number", Rule::CardNumber);
        let form = Form::from([("street", " Mill Lane "), ("card_number", "41")]);
        for field in [&mut street, &mut number] {
            field.fill(&form);
            field.forget_secrets();
        }
        assert_eq!((&*street.value, street.problem), ("Mill Lane", None));
        assert_eq!(number.value, "");
        assert_eq!(
            number.problem.as_deref(),
            Some("Card number needs 12 to 19 digits")
        );
    }
}
