/**
 * The smallest CD that starts a machine (El Torito without emulation): a boot sector that writes a line to the serial console
 * and halts. Made here byte by byte, for the words that the firmware looks for are all that it takes.
 */
const sector = 2048;

/** `text` is what it says, at most 100 letters. */
export function bootableIso(text: string): Buffer {
  const iso = Buffer.alloc(24 * sector);
  iso.write('\x01CD001\x01', 16 * sector, 'latin1');
  iso.writeUInt32LE(24, 16 * sector + 80);
  iso.writeUInt32BE(24, 16 * sector + 84);
  iso.writeUInt16LE(sector, 16 * sector + 128);
  iso.writeUInt16BE(sector, 16 * sector + 130);
  iso.write('\x00CD001\x01EL TORITO SPECIFICATION', 17 * sector, 'latin1');
  iso.writeUInt32LE(19, 17 * sector + 71);
  iso.write('\xffCD001\x01', 18 * sector, 'latin1');
  iso.set(catalog(), 19 * sector);
  iso.set(bootSector(text), 20 * sector);
  return iso;
}

function catalog(): Buffer {
  const entries = Buffer.alloc(64);
  entries[0] = 1;
  entries.writeUInt16LE(0xaa55, 30);
  let sum = 0;
  for (let at = 0; at < 32; at += 2) sum += entries.readUInt16LE(at);
  entries.writeUInt16LE(-sum & 0xffff, 28);
  entries[32] = 0x88;
  // Four sectors of 512 bytes, from this one on.
  entries.writeUInt16LE(4, 38);
  entries.writeUInt32LE(20, 40);
  return entries;
}

/** At 0x7c00: each letter to the port of the first serial line, then nothing more. */
function bootSector(text: string): Buffer {
  const code = Buffer.from([
    ...[0x31, 0xc0, 0x8e, 0xd8], // xor ax,ax; mov ds,ax
    ...[0xbe, 0x40, 0x7c], // mov si,0x7c40
    ...[0xba, 0xf8, 0x03], // mov dx,0x3f8
    ...[0xac, 0x84, 0xc0, 0x74, 0x03, 0xee, 0xeb, 0xf8], // next: lodsb; test al,al; jz end; out dx,al; jmp next
    ...[0xf4, 0xeb, 0xfd], // end: hlt; jmp end
  ]);
  const bytes = Buffer.alloc(sector);
  bytes.set(code, 0);
  bytes.write(`${text}\r\n\0`, 0x40, 'latin1');
  return bytes;
}
