/**
 * A small protobuf codec (proto2, wire format of protobuf.dev/programming-guides/encoding) driven by tables of fields.
 * Unknown fields are skipped, as the format asks for; whatever does not fit the bytes is refused.
 */
export type FieldKind = 'bool' | 'int' | 'string' | Message;
export type Field = { number: number; name: string; kind: FieldKind; repeated?: true; required?: true };
/** Fields in ascending order of their numbers: in this order they are written. */
export type Message = readonly Field[];
export type Values = { [name: string]: boolean | number | string | Values | (string | Values)[] | undefined };

export class ProtobufDamaged extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ProtobufDamaged';
  }
}

const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
const deepest = 8;

export function encodeMessage(message: Message, values: Values): Buffer {
  const parts: Buffer[] = [];
  for (const field of message) {
    const value = values[field.name];
    if (value === undefined) {
      if (field.required) throw new ProtobufDamaged(`the field ${field.name} is missing`);
      continue;
    }
    for (const one of Array.isArray(value) ? value : [value]) parts.push(...encodeField(field, one));
  }
  return Buffer.concat(parts);
}

function encodeField({ number, kind }: Field, value: boolean | number | string | Values): Buffer[] {
  if (kind === 'bool' || kind === 'int') return [varint((number << 3) | wire.varint), varint(Number(value))];
  const bytes = kind === 'string' ? Buffer.from(String(value)) : encodeMessage(kind, value as Values);
  return [varint((number << 3) | wire.bytes), varint(bytes.length), bytes];
}

/** Negative numbers take ten bytes, as 64-bit two's complement. */
function varint(value: number): Buffer {
  let rest = BigInt.asUintN(64, BigInt(Math.trunc(value)));
  const bytes: number[] = [];
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Buffer.from(bytes);
}

export function decodeMessage(message: Message, bytes: Uint8Array, depth = 0): Values {
  if (depth > deepest) throw new ProtobufDamaged('messages are nested too deep');
  const values: Values = {};
  const reader = createReader(bytes);
  while (!reader.atEnd()) {
    const tag = Number(reader.varint());
    const field = message.find(({ number }) => number === tag >>> 3);
    const raw = readRaw(reader, tag & 7);
    if (field) setField(values, field, raw, depth);
  }
  const missing = message.find((field) => field.required && values[field.name] === undefined);
  if (missing) throw new ProtobufDamaged(`the field ${missing.name} is missing`);
  return values;
}

function setField(values: Values, field: Field, raw: bigint | Uint8Array | undefined, depth: number): void {
  const isNumber = field.kind === 'bool' || field.kind === 'int';
  if (isNumber !== (typeof raw === 'bigint') || raw === undefined)
    throw new ProtobufDamaged(`the field ${field.name} has the wrong wire type`);
  if (typeof raw === 'bigint') {
    values[field.name] = field.kind === 'bool' ? raw !== 0n : Number(BigInt.asIntN(64, raw));
    return;
  }
  const value = field.kind === 'string' ? text(raw, field) : decodeMessage(field.kind as Message, raw, depth + 1);
  const earlier = (values[field.name] as (string | Values)[] | undefined) ?? [];
  // The list is our own; copying it for each element would cost the square of a long one.
  if (field.repeated) earlier.push(value);
  values[field.name] = field.repeated ? earlier : value;
}

function text(raw: Uint8Array, field: Field): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw);
  } catch {
    throw new ProtobufDamaged(`the field ${field.name} is not UTF-8`);
  }
}

function readRaw(reader: ReturnType<typeof createReader>, type: number): bigint | Uint8Array | undefined {
  if (type === wire.varint) return reader.varint();
  if (type === wire.bytes) return reader.bytes(Number(reader.varint()));
  if (type === wire.fixed64 || type === wire.fixed32) {
    reader.bytes(type === wire.fixed64 ? 8 : 4);
    return undefined;
  }
  throw new ProtobufDamaged(`wire type ${type} is not known`);
}

function createReader(bytes: Uint8Array) {
  let at = 0;
  return {
    atEnd: () => at >= bytes.length,
    varint(): bigint {
      let value = 0n;
      for (let shift = 0n; shift < 70n; shift += 7n) {
        const byte = bytes[at++];
        if (byte === undefined) throw new ProtobufDamaged('a number is cut off');
        value |= BigInt(byte & 0x7f) << shift;
        if (byte < 0x80) return BigInt.asUintN(64, value);
      }
      throw new ProtobufDamaged('a number is too long');
    },
    bytes(length: number): Uint8Array {
      if (at + length > bytes.length) throw new ProtobufDamaged('a field is cut off');
      at += length;
      return bytes.subarray(at - length, at);
    },
  };
}
