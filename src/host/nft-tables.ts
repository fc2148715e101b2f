/**
 * Which nftables tables the kernel has, asked by netlink in well under a millisecond where spawning `nft list` takes 5.
 * Rules are written as text by the program `nft`; see the room `firewall`.
 */
import { openNetlink } from './netlink.ts';
import { decodeAttributes, messageFlags, readText } from './netlink-message.ts';

export type NftTable = { family: 'inet' | 'bridge' | 'other'; name: string; handle: bigint };

const NFNL_SUBSYS_NFTABLES = 10;
const NFT_MSG_GETTABLE = 1;
const nfgenmsgBytes = 4;
const families: Record<number, NftTable['family']> = { 1: 'inet', 7: 'bridge' };

export function listNftTables(): NftTable[] {
  using netlink = openNetlink('netfilter');
  const type = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETTABLE;
  return netlink.query('list nft tables', type, messageFlags.dump, Buffer.alloc(nfgenmsgBytes)).map((body) => {
    const attributes = decodeAttributes(body.subarray(nfgenmsgBytes));
    return {
      family: families[body.readUInt8(0)] ?? 'other',
      name: readText(attributes.get(1)) ?? '',
      handle: attributes.get(4)?.readBigUInt64BE() ?? 0n,
    };
  });
}
