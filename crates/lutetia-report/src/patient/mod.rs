//! The page, tables and figures of a patient: what `lutetia dose` prints and writes.

mod files;
mod page;
mod summary;
mod tables;

pub use files::{PatientFolder, files, folder_names, index_page};
pub use page::How as Words;
pub use tables::{cumulative_table, tables};
