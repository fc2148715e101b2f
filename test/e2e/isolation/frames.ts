/** Perl for guests that forges Ethernet frames and listens for them. Every forged frame carries `forged:NAME`. */

/** Needs in `$outside`: OWN_MAC, OWN_IP, OTHER_MAC, OTHER_IP, GATEWAY. Sends each frame three times. */
export const sendForged = `
my ($own, $other) = map { pack 'H*', s/://gr } $outside{OWN_MAC}, $outside{OTHER_MAC};
my ($ip, $peer, $gateway) = map { pack 'C4', split /\\./ } $outside{OWN_IP}, $outside{OTHER_IP}, $outside{GATEWAY};
my $strange = pack 'H*', '02deadbeef01';
sub sum { my $sum = 0; $sum += $_ for unpack 'n*', length($_[0]) % 2 ? "$_[0]\\0" : $_[0]; $sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16; return ~$sum & 0xffff }
sub udp4 { my ($source, $from, $text) = @_; my $udp = pack('nnnn', $from, 9, 8 + length $text, 0) . $text;
  my $head = pack('CCnnnCCna4a4', 0x45, 0, 20 + length $udp, 1, 0, 64, 17, 0, $source, $peer); substr($head, 10, 2) = pack 'n', sum($head); return "$head$udp" }
sub icmp6 { my ($source, $type, $text) = @_; my $target = pack 'H*', 'ff020000000000000000000000000001';
  my $body = pack('CCn', $type, 0, 0) . "\\0" x 12 . $text; my $sum = sum($source . $target . pack('NN', length $body, 58) . $body); substr($body, 2, 2) = pack 'n', $sum;
  return pack('NnCC', 0x60000000, length $body, 58, 255) . $source . $target . $body }
my $local = pack('H*', 'fe80000000000000') . pack('C', ord(substr $own, 0, 1) ^ 2) . substr($own, 1, 2) . "\\xff\\xfe" . substr($own, 3);
my $group = pack 'H*', '333300000001';
my %frames = (
  'control' => $other . $own . "\\x08\\x00" . udp4($ip, 5000, 'forged:control'),
  'foreign MAC' => $other . $strange . "\\x08\\x00" . udp4($ip, 5000, 'forged:foreign MAC'),
  'foreign IPv4 address' => $other . $own . "\\x08\\x00" . udp4($gateway, 5000, 'forged:foreign IPv4 address'),
  'foreign IPv6 address' => $group . $own . "\\x86\\xdd" . icmp6(pack('H*', 'fe80000000000000000000000000beef'), 128, 'forged:foreign IPv6 address'),
  'router advertisement' => $group . $own . "\\x86\\xdd" . icmp6($local, 134, 'forged:router advertisement'),
  'redirect' => $group . $own . "\\x86\\xdd" . icmp6($local, 137, 'forged:redirect'),
  'DHCP answer' => $other . $own . "\\x08\\x00" . udp4($ip, 67, 'forged:DHCP answer'),
  'VLAN tag' => $other . $own . "\\x81\\x00\\x00\\x05\\x08\\x00" . udp4($ip, 5000, 'forged:VLAN tag'),
  'bridge message' => pack('H*', '0180c2000000') . $own . pack('n', 38) . pack('H*', '424203') . 'forged:bridge message',
  'ARP for the gateway' => $other . $own . "\\x08\\x06" . pack('nnCCna6a4a6a4', 1, 0x800, 6, 4, 2, $own, $gateway, $other, $peer) . 'forged:ARP for the gateway',
  'strange protocol' => $other . $own . "\\x88\\xb5" . 'forged:strange protocol',
);
socket(my $wire, 17, 3, 0x0300) or die "socket: $!";
open(my $file, '<', '/sys/class/net/eth0/ifindex'); my $index = <$file>;
my $to = pack('SnlSCCa8', 17, 3, $index, 1, 0, 6, $other);
for my $round (1 .. 3) { for my $name (sort keys %frames) { my $frame = $frames{$name}; $frame .= "\\0" x (60 - length $frame) if length $frame < 60; send($wire, $frame, 0, $to) or die "$name: $!" } }
print "sent\\n";`;

/** Not in /tmp, which systemd empties while it boots. Listens until /root/stop is there, then tells the names of all frames with text like \`forged:NAME\` or \`secret traffic\`. */
export const listen = `
unlink '/root/stop'; socket(my $wire, 17, 3, 0x0300) or die "socket: $!";
open(my $file, '<', '/sys/class/net/eth0/ifindex'); my $index = <$file>;
bind($wire, pack('SnlSCCa8', 17, 3, $index, 0, 0, 0, '')) or die "bind: $!";
setsockopt($wire, 263, 1, pack('lSSa8', $index, 1, 0, '')) or die "promiscuous: $!";
open(my $ready, '>', '/root/listening'); close $ready;
my (%seen, $set); vec($set, fileno($wire), 1) = 1;
until (-e '/root/stop') { next unless select(my $now = $set, undef, undef, 0.1); recv($wire, my $frame, 4096, 0);
  $seen{$1}++ if $frame =~ /(forged:[A-Za-z0-9 ]+|secret traffic|own traffic)/ }
print map { "$_\\n" } sort keys %seen; unlink '/root/listening';`;
