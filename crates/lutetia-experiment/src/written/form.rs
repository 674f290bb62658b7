//! The forms of texts, by the word that the schema has for each.

use lutetia_data::nuclides;
use lutetia_outcome::survival::SplineScale;
use lutetia_patient::{
    curves::{error_model, functions, variance_count},
    integrate::method,
    refuse_bare,
    text::{adult, relative, tissue},
};
use lutetia_pet::Method;
use lutetia_units::{Quantity, Unit};

use super::{TimeUnit, Unread, unread::Cause};

const QUANTITY: &str = "quantity:";

/// The word of quantities of any dimension.
const ANY: &str = "quantity";

/// A form that is not a quantity: its word in the schema, what a text of it is, one such text, and the reader.
struct Form {
    word: &'static str,
    name: &'static str,
    example: &'static str,
    read: fn(&str) -> Result<(), Cause>,
}

const FORMS: [Form; 13] = [
    Form {
        word: ANY,
        name: "a number, with its unit where it has one",
        example: "1",
        read: |text| Ok(Quantity::parse(text).map(drop)?),
    },
    Form {
        word: "error-model",
        name: "an error model",
        example: "proportional 10 %",
        read: |text| Ok(error_model(text).map(drop)?),
    },
    Form {
        word: "variance-count",
        name: "`estimated`, `always` or `never`",
        example: "estimated",
        read: |text| Ok(variance_count(text).map(drop)?),
    },
    Form {
        word: "function",
        name: "a function of time",
        example: "mono",
        read: |text| Ok(functions(&[text.to_owned()]).map(drop)?),
    },
    Form {
        word: "pet-method",
        name: "a method of PET kinetics",
        example: "2tcm",
        read: |text| match Method::named(text) {
            Some(_) => Ok(()),
            None => Err(Cause::PetMethod { name: text.to_owned() }),
        },
    },
    Form {
        word: "method",
        name: "a method of integration",
        example: "haenscheid",
        // A library is a table that the text does not name.
        read: |text| match text.trim() {
            "library" => Ok(()),
            text => Ok(method(text, None).map(drop)?),
        },
    },
    Form {
        word: "adult",
        name: "`male` or `female`",
        example: "male",
        read: |text| Ok(adult(text).map(drop)?),
    },
    Form {
        word: "mass",
        name: "a mass, or `reference`",
        example: "310 g",
        // How much it is, is said with the region that it is of.
        read: |text| match text {
            "reference" => Ok(()),
            text => Ok(quantity(text, &["g"]).map(drop)?),
        },
    },
    Form {
        word: "repair",
        name: "a half-time of repair, or two with their shares",
        example: "2.8 h",
        read: |text| Ok(tissue("1 Gy", text).map(drop)?),
    },
    Form {
        word: "spline-scale",
        name: "`hazard`, `odds` or `normal`",
        example: "hazard",
        read: |text| {
            let known = SplineScale::ALL.into_iter().any(|scale| scale.name() == text);
            if known { Ok(()) } else { Err(Cause::Scale { name: text.to_owned() }) }
        },
    },
    Form {
        word: "nuclide",
        name: "a nuclide",
        example: "Lu-177",
        read: |text| Ok(nuclides().get(text).map(drop)?),
    },
    Form {
        word: "time-unit",
        name: "a unit of time",
        example: "mo",
        read: |text| Ok(TimeUnit::parse(text).map(drop)?),
    },
    Form {
        word: "cell",
        name: "a cell `table/row/column`",
        example: "table/row/column",
        read: |text| match text.split('/').filter(|part| !part.is_empty()).count() {
            3 => Ok(()),
            _ => Err(Cause::Cell(text.to_owned())),
        },
    },
];

fn form(word: &str) -> Option<&'static Form> {
    FORMS.iter().find(|form| form.word == word)
}

/// Whether a form is one of quantities.
pub(crate) fn is_quantity(word: &str) -> bool {
    word.starts_with(QUANTITY)
}

/// The units of which one must be meant.
pub(crate) fn units(word: &str) -> Vec<&str> {
    match word.strip_prefix(QUANTITY) {
        Some(units) => units.split('|').collect(),
        None if word == ANY => Vec::new(),
        None => vec!["1"],
    }
}

/// What a text of a form is, for people.
pub(crate) fn shown(word: &str) -> String {
    match form(word) {
        Some(form) => form.name.to_owned(),
        None => format!("a text with a unit that becomes `{}`", units(word).join("` or `")),
    }
}

/// A text of a form.
pub(crate) fn example(word: &str) -> String {
    match form(word) {
        Some(form) => form.example.to_owned(),
        None => format!("1 {}", units(word)[0]),
    }
}

/// Whether a text is of a form; every text is of a form that there is not.
///
/// # Errors
/// [`Unread`].
pub(crate) fn read(word: &str, text: &str) -> Result<(), Unread> {
    if is_quantity(word) {
        return quantity(text, &units(word)).map(drop);
    }
    let Some(form) = form(word) else { return Ok(()) };
    (form.read)(text).map_err(|cause| match cause {
        Cause::Unread(unread) => *unread,
        cause => Unread::Form { cause: Box::new(cause), example: form.example },
    })
}

/// A quantity of one of some units.
pub(super) fn quantity(text: &str, units: &[&str]) -> Result<Quantity, Unread> {
    let units_wanted = || units.iter().map(|&unit| unit.to_owned()).collect();
    let no_quantity =
        |source| Unread::NoQuantity { source: Box::new(source), units: units_wanted() };
    let Some(&first) = units.first() else { return Quantity::parse(text).map_err(no_quantity) };
    let bare = text.trim().parse::<f64>().is_ok_and(f64::is_finite);
    if bare && first == "%" {
        refuse_bare(text).map_err(|bare| Unread::Bare {
            corrected: format!("{} %", lutetia_units::significant(bare.percent, 10)),
            found: bare.text,
        })?;
    } else if bare {
        let found = text.trim().to_owned();
        return Err(Unread::Bare { corrected: format!("{found} {first}"), found });
    }
    let quantity = Quantity::parse(text).map_err(no_quantity)?;
    let mut expected = Vec::new();
    for unit in units {
        let unit = Unit::parse(unit).map_err(no_quantity)?;
        if unit.dimension() == quantity.dimension() {
            if first == "%" {
                relative(text).map_err(|fault| Unread::Share(Box::new(fault)))?;
            }
            return Ok(quantity);
        }
        expected.push(unit.dimension());
    }
    let (found, dimension) = (text.trim().to_owned(), quantity.dimension());
    Err(Unread::Dimension { found, dimension, expected, units: units_wanted() })
}
