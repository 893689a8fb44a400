#!/usr/bin/env python3
"""The network of the chat labs: h1 to h4 on switch s1.

    sudo mn --custom topologies/chat.py --topo chat --switch lxbr --controller none
    sudo python3 topologies/chat.py

By convention the server runs on h4 and the clients on h1 to h3. The addresses
are Mininet's own: 10.0.0.1 to 10.0.0.4. In a scenario:

    topology: {mininet: ../../topologies/chat.py, topo: chat}
"""

from mininet.topo import Topo


class ChatTopo(Topo):
    """A star; `--topo chat,6` makes one of six hosts."""

    def build(self, hosts=4):
        switch = self.addSwitch('s1')
        for number in range(1, hosts + 1):
            self.addLink(self.addHost('h%d' % number), switch)


topos = {'chat': ChatTopo}


def main():
    """Brings the network up and opens Mininet's prompt: `xterm h4`, `h1 ping h4`."""
    from mininet.cli import CLI
    from mininet.log import setLogLevel
    from mininet.net import Mininet
    from mininet.nodelib import LinuxBridge

    setLogLevel('info')
    # A bridge of the kernel needs no controller and no daemon.
    network = Mininet(topo=ChatTopo(), switch=LinuxBridge, controller=None, autoSetMacs=True)
    network.start()
    try:
        CLI(network)
    finally:
        network.stop()


if __name__ == '__main__':
    main()
