/** Small servers and what they say first: asked from the host, or from the network in which the daemon's guests are. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { asUser, insideWords } from './own-namespaces.ts';

/** From the network of the daemon of this directory. */
export async function sayBeside(directory: string, host: string, port: number): Promise<string> {
  return asUser ? sayInside(directory, host, port) : say(host, port);
}

/** Or why there is nothing: an error code, or "timeout". */
export function say(host: string, port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 2_000 });
    let text = '';
    socket.on('data', (part) => {
      text += part;
    });
    socket.on('end', () => resolve(text.trim()));
    socket.on('timeout', () => {
      socket.destroy();
      resolve('timeout');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
  });
}

const program = `$SIG{ALRM} = sub { print "timeout"; exit }; alarm 2;
my $socket = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => $ARGV[1])
  or do { print grep { $!{$_} } keys %!; exit };
print while <$socket>;`;

function sayInside(directory: string, host: string, port: number): string {
  const [first = '', ...words] = [...insideWords(directory), 'perl', '-MIO::Socket::INET', '-MErrno'];
  return execFileSync(first, [...words, '-e', program, host, String(port)], { encoding: 'utf8' }).trim();
}

/** A server on all addresses of the network that the daemon's bridges belong to. */
export async function listenBeside(directory: string) {
  const script = `$s = IO::Socket::IP->new(LocalHost => '::', Listen => 5) or die; $| = 1; print $s->sockport, "\\n"; sleep 100`;
  const [program = '', ...words] = [...insideWords(directory), 'perl', '-MIO::Socket::IP', '-e', script];
  const server = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(server.stdout, 'data')) as [Buffer];
  return { port: Number(port), server };
}
