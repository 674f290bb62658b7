//! Tables of Lutetia as Arrow record batches, Arrow files and Parquet files.
//!
//! A column of counts is `Int64`, of yes and no `Boolean`, of numbers `Float64`; what holds any text is `Utf8`. The unit
//! of a column, and the tolerance within which it is compared, stand in the metadata of its field; name, caption and
//! origin of the table in that of the schema.
//!
//! ```
//! use lutetia_arrow::{from_batch, to_batch};
//! use lutetia_table::Table;
//!
//! let mut doses = Table::new("doses", "Absorbed dose by region").column("region", "").column("dose", "Gy");
//! doses.push(vec!["kidney".into(), 2.64.into()]);
//! let batch = to_batch(&doses).expect("a batch");
//! assert_eq!(batch.schema().field(1).metadata()["unit"], "Gy");
//! assert_eq!(from_batch(&batch).expect("a table"), doses);
//! ```

use std::{collections::HashMap, io::Cursor, sync::Arc};

use arrow_array::{
    Array, ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
};
use arrow_ipc::{reader::FileReader, writer::FileWriter};
use arrow_schema::{ArrowError, DataType, Field, Schema};
use lutetia_table::{Cell, Column, Origin, Table};
use parquet::{
    arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReaderBuilder},
    basic::Compression,
    errors::ParquetError,
    file::properties::WriterProperties,
};

/// Why a table cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArrowTableError {
    /// The columns do not fit together.
    #[error("Arrow refuses the table: {0}")]
    Arrow(#[from] ArrowError),
    /// The file cannot be written or read.
    #[error("Parquet refuses the table: {0}")]
    Parquet(#[from] ParquetError),
    /// A column of a type that tables do not have.
    #[error("the column `{column}` is of the type {found}; expected Int64, Boolean, Float64 or Utf8")]
    Type {
        /// Which.
        column: String,
        /// Its type.
        found: DataType,
    },
}

/// The table as a record batch.
///
/// # Errors
/// When Arrow refuses it.
pub fn to_batch(table: &Table) -> Result<RecordBatch, ArrowTableError> {
    let (mut fields, mut arrays) = (Vec::new(), Vec::new());
    for (k, column) in table.columns.iter().enumerate() {
        let cells: Vec<&Cell> = table.rows.iter().filter_map(|row| row.get(k)).collect();
        let array = array(&cells);
        let metadata = HashMap::from([
            ("unit".to_owned(), column.unit.clone()),
            ("tolerance".to_owned(), format!("{:e}", column.tolerance)),
        ]);
        let field = Field::new(&column.name, array.data_type().clone(), true);
        fields.push(field.with_metadata(metadata));
        arrays.push(array);
    }
    let metadata = HashMap::from([
        ("name".to_owned(), table.name.clone()),
        ("caption".to_owned(), table.caption.clone()),
        ("origin".to_owned(), origin_name(table.origin).to_owned()),
    ]);
    let schema = Arc::new(Schema::new_with_metadata(fields, metadata));
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(table.rows.len()));
    Ok(RecordBatch::try_new_with_options(schema, arrays, &options)?)
}

/// The narrowest type that holds every cell.
fn array(cells: &[&Cell]) -> ArrayRef {
    let all = |is: fn(&Cell) -> bool| {
        cells.iter().any(|c| is(c)) && cells.iter().all(|c| is(c) || matches!(c, Cell::Missing))
    };
    if all(|c| matches!(c, Cell::Int(_))) {
        let ints = cells.iter().map(|c| if let Cell::Int(n) = c { Some(*n) } else { None });
        return Arc::new(ints.collect::<Int64Array>());
    }
    if all(|c| matches!(c, Cell::Bool(_))) {
        let answers = cells.iter().map(|c| if let Cell::Bool(b) = c { Some(*b) } else { None });
        return Arc::new(answers.collect::<BooleanArray>());
    }
    if all(|c| c.number().is_some()) {
        return Arc::new(cells.iter().map(|c| c.number()).collect::<Float64Array>());
    }
    let text = |c: &&Cell| (!matches!(c, Cell::Missing)).then(|| c.csv());
    Arc::new(cells.iter().map(text).collect::<StringArray>())
}

/// The table of a record batch.
///
/// # Errors
/// [`ArrowTableError::Type`].
pub fn from_batch(batch: &RecordBatch) -> Result<Table, ArrowTableError> {
    let schema = batch.schema();
    let word = |key: &str| schema.metadata().get(key).cloned().unwrap_or_default();
    let mut table = Table::new(word("name"), word("caption")).of(origin(&word("origin")));
    let mut columns = Vec::new();
    for (field, array) in schema.fields().iter().zip(batch.columns()) {
        let said = |key: &str| field.metadata().get(key);
        table.columns.push(Column {
            name: field.name().clone(),
            unit: said("unit").cloned().unwrap_or_default(),
            tolerance: said("tolerance").and_then(|t| t.parse().ok()).unwrap_or(Table::TOLERANCE),
        });
        columns.push(cells(field, array)?);
    }
    for row in 0..batch.num_rows() {
        let cells = columns.iter().map(|c| c.get(row).cloned().unwrap_or(Cell::Missing));
        table.rows.push(cells.collect());
    }
    Ok(table)
}

fn cells(field: &Field, array: &ArrayRef) -> Result<Vec<Cell>, ArrowTableError> {
    let any = array.as_any();
    let some = |cell: Option<Cell>| cell.unwrap_or(Cell::Missing);
    if let Some(ints) = any.downcast_ref::<Int64Array>() {
        return Ok(ints.iter().map(|n| some(n.map(Cell::Int))).collect());
    }
    if let Some(answers) = any.downcast_ref::<BooleanArray>() {
        return Ok(answers.iter().map(|b| some(b.map(Cell::Bool))).collect());
    }
    if let Some(numbers) = any.downcast_ref::<Float64Array>() {
        return Ok(numbers.iter().map(|x| some(x.map(Cell::from))).collect());
    }
    if let Some(texts) = any.downcast_ref::<StringArray>() {
        return Ok(texts.iter().map(|t| some(t.map(Cell::from))).collect());
    }
    Err(ArrowTableError::Type { column: field.name().clone(), found: array.data_type().clone() })
}

/// The bytes of a Parquet file.
///
/// # Errors
/// When Arrow or Parquet refuses the table.
pub fn to_parquet(table: &Table) -> Result<Vec<u8>, ArrowTableError> {
    let batch = to_batch(table)?;
    let how = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(how))?;
    writer.write(&batch)?;
    writer.close()?;
    Ok(bytes)
}

/// The table of a Parquet file.
///
/// # Errors
/// When it is none, or has columns of other types.
pub fn from_parquet(bytes: Vec<u8>) -> Result<Table, ArrowTableError> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes))?;
    let schema = Arc::clone(reader.schema());
    let batches = reader.build()?.collect::<Result<Vec<_>, _>>()?;
    from_batches(schema, &batches)
}

/// The bytes of an Arrow file (IPC).
///
/// # Errors
/// When Arrow refuses the table.
pub fn to_ipc(table: &Table) -> Result<Vec<u8>, ArrowTableError> {
    let batch = to_batch(table)?;
    let mut bytes = Vec::new();
    let mut writer = FileWriter::try_new(&mut bytes, &batch.schema())?;
    writer.write(&batch)?;
    writer.finish()?;
    drop(writer);
    Ok(bytes)
}

/// The table of an Arrow file (IPC).
///
/// # Errors
/// When it is none, or has columns of other types.
pub fn from_ipc(bytes: &[u8]) -> Result<Table, ArrowTableError> {
    let reader = FileReader::try_new(Cursor::new(bytes), None)?;
    let schema = reader.schema();
    let batches = reader.collect::<Result<Vec<_>, _>>()?;
    from_batches(schema, &batches)
}

fn from_batches(schema: Arc<Schema>, batches: &[RecordBatch]) -> Result<Table, ArrowTableError> {
    let mut whole = from_batch(&RecordBatch::new_empty(schema))?;
    for batch in batches {
        whole.rows.extend(from_batch(batch)?.rows);
    }
    Ok(whole)
}

fn origin_name(origin: Origin) -> &'static str {
    match origin {
        Origin::Unknown => "unknown",
        Origin::Observed => "observed",
        Origin::Simulated => "simulated",
    }
}

fn origin(name: &str) -> Origin {
    match name {
        "observed" => Origin::Observed,
        "simulated" => Origin::Simulated,
        _ => Origin::Unknown,
    }
}
