// Reads safetensors: eight bytes of header length, a JSON header, then plain little-endian numbers.

const KINDS = {
  U8: Uint8Array,
  I8: Int8Array,
  U16: Uint16Array,
  I16: Int16Array,
  U32: Uint32Array,
  I32: Int32Array,
  F32: Float32Array,
  F64: Float64Array,
};

/**
 * The tensors of a file by name, each `{shape, values}` with values in row-major order.
 *
 * `source` is an ArrayBuffer or any view of one, at whatever offset: numbers are copied out, so
 * nothing has to be aligned.
 */
export function parse(source) {
  const bytes = ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source);
  if (bytes.length < 8) throw new RangeError("a safetensors file has at least eight bytes");
  const head = new DataView(bytes.buffer, bytes.byteOffset, 8);
  const length = head.getUint32(0, true);
  if (head.getUint32(4, true) !== 0 || length > bytes.length - 8) {
    throw new RangeError(`the header must fit into the file of ${bytes.length} bytes`);
  }
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const data = bytes.subarray(8 + length);
  const tensors = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name !== "__metadata__") tensors[name] = tensor(name, entry, data);
  }
  return tensors;
}

function tensor(name, { dtype, shape, data_offsets: [start, end] }, data) {
  const Kind = KINDS[dtype];
  if (!Kind) throw new TypeError(`tensor ${name} must hold plain numbers, got ${dtype}`);
  const count = shape.reduce((product, size) => product * size, 1);
  if (end - start !== count * Kind.BYTES_PER_ELEMENT || start < 0 || end > data.length) {
    throw new RangeError(`tensor ${name} must hold ${count} numbers within the file`);
  }
  // slice copies to a fresh buffer, which starts aligned.
  return { shape, values: new Kind(data.slice(start, end).buffer) };
}
