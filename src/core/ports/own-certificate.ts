/**
 * The certificate of this server: what it shows to clients, and to other servers as a client. Clients remember it, so it
 * stays the same as long as the daemon's directory does.
 */
export type OwnCertificate = {
  /** PEM text. */
  certificate: string;
  /** PEM text of the private key; it goes nowhere but into TLS. */
  key: string;
  /** SHA-256 of the DER form, in hexadecimal. */
  fingerprint: string;
};
