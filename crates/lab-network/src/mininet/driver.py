"""Drives Mininet for labrun.

Reads commands from standard input and writes answers to what was standard
output, one JSON object a line:

    <- {"hello": {"protocol": 1, "mininet": "2.3.0", "python": "3.11.2"}}
    -> {"up": {"switch": "bridge", "topology": {"described": {...}}}}
    <- {"up": {"hosts": [...], "switches": [...], "links": [...], "complaints": [...]}}

Instead of the answer that was hoped for there can be {"lacks": {...}} or
{"failed": {...}}. When standard input ends, so does this program, and takes
nothing down: the network goes with the namespaces of the stage it runs in.

Mininet's own log goes to standard error; what it logs as an error is a
complaint as well, because Mininet goes on after most of its errors.
"""

import json
import logging
import os
import platform
import re
import resource
import shutil
import signal
import subprocess
import sys
import traceback

PROTOCOL = 1

# Parameters of a link that need traffic control.
SHAPE = ('bw', 'delay', 'jitter', 'loss', 'max_queue_size')

OVS_FOLDER = '/run/openvswitch'


class Lacks(Exception):
    """A program is missing."""

    def __init__(self, what, package):
        super().__init__(what)
        self.answer = {'lacks': {'what': what, 'package': package}}


class Complaints(logging.Handler):
    """Collects what Mininet logs as errors."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.lines = []

    def emit(self, record):
        self.lines.extend(line.strip() for line in record.getMessage().splitlines() if line.strip())


def take_over_stdout():
    """Keeps standard output for answers: whatever else prints, such as a
    custom topology, prints to standard error."""
    answers = os.fdopen(os.dup(1), 'w', encoding='utf-8')
    os.dup2(2, 1)
    return answers


def answer(stream, **what):
    stream.write(json.dumps(what) + '\n')
    stream.flush()


def import_mininet():
    """Imports Mininet, and keeps it from changing the machine: it would raise limits
    with sysctl, and its NAT node would write to /etc/network/interfaces."""
    from mininet.log import lg, setLogLevel
    from mininet.net import Mininet, VERSION
    from mininet.nodelib import NAT
    Mininet.inited = True
    NAT.setManualConfig = lambda self, intf: None
    setLogLevel('info')
    complaints = Complaints()
    lg.addHandler(complaints)
    return VERSION, complaints


def raise_limits():
    """Mininet keeps several files open for each node."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 16384 if hard == resource.RLIM_INFINITY else min(hard, 16384)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def require(program, package):
    if not shutil.which(program):
        raise Lacks(program, package)


def switch_class(kind):
    """The class of switches, with what it needs running."""
    if kind == 'bridge':
        require('brctl', 'bridge-utils')
        from mininet.nodelib import LinuxBridge
        return LinuxBridge
    for program in 'ovs-vsctl', 'ovs-ofctl', 'ovs-vswitchd', 'ovsdb-server', 'ovsdb-tool':
        require(program, 'openvswitch-switch')
    datapath = start_open_vswitch()
    from mininet.node import OVSSwitch

    class StandaloneSwitch(OVSSwitch):
        """Learns and forwards by itself, without a controller and without the
        kernel's module. A class, not a partial call of one: only of a class does
        Mininet start many switches at once, outside of a terminal whose line
        is cut at 4096 bytes (58 ports)."""

        def __init__(self, name, **params):
            params.update(failMode='standalone', datapath='user')
            super().__init__(name, **params)

        def bridgeOpts(self):
            return super().bridgeOpts().replace('datapath_type=netdev', 'datapath_type=' + datapath)

    return StandaloneSwitch


def start_open_vswitch():
    """Starts a database and a switch daemon of our own, in the stage. Returns
    the type of datapath to use."""
    os.makedirs(OVS_FOLDER, exist_ok=True)
    for variable in 'OVS_RUNDIR', 'OVS_LOGDIR', 'OVS_DBDIR', 'OVS_SYSCONFDIR':
        os.environ[variable] = OVS_FOLDER
    folders = [os.environ.get('OVS_PKGDATADIR', ''), '/usr/share/openvswitch',
               '/usr/local/share/openvswitch']
    schemas = [os.path.join(folder, 'vswitch.ovsschema') for folder in folders if folder]
    schema = next((schema for schema in schemas if os.path.exists(schema)), None)
    if not schema:
        raise Lacks('vswitch.ovsschema', 'openvswitch-switch')
    database = OVS_FOLDER + '/conf.db'
    socket = OVS_FOLDER + '/db.sock'
    quiet = ['--pidfile', '--no-chdir', '--detach', '-vconsole:off']
    # Each returns when its daemon is ready.
    subprocess.check_call(['ovsdb-tool', 'create', database, schema])
    subprocess.check_call(['ovsdb-server', database, '--remote=punix:' + socket] + quiet)
    subprocess.check_call(['ovs-vsctl', '--no-wait', 'init'])
    # A bridge has a port to the machine itself, for which the datapath in user space
    # opens /dev/net/tun. Containers often have none, and some systems keep
    # it for root. The datapath of Open vSwitch's own tests is the same but
    # for that port, which nobody needs here.
    options = ['--disable-system']
    datapath = 'netdev'
    if not can_open('/dev/net/tun'):
        options.append('--enable-dummy')
        datapath = 'dummy'
    subprocess.check_call(['ovs-vswitchd', 'unix:' + socket] + options + quiet)
    return datapath


def can_open(path):
    try:
        os.close(os.open(path, os.O_RDWR))
    except OSError:
        return False
    return True


def described(description):
    """A topology of which everything is given, names of interfaces included."""
    from mininet.link import TCLink
    from mininet.topo import Topo
    topo = Topo()
    for host in description['hosts']:
        route = host['gateway'] and 'via ' + host['gateway']
        topo.addHost(host['name'], ip=host['ip'], defaultRoute=route)
    for number, switch in enumerate(description['switches'], start=1):
        topo.addSwitch(switch, dpid='%x' % number)
    for link in description['links']:
        options = {key: value for key, value in link['shape'].items() if value is not None}
        if options:
            options['cls'] = TCLink
        for side, end in enumerate(link['ends'], start=1):
            options['intfName%d' % side] = end['interface']
            options['port%d' % side] = end['port']
            if end['mac']:
                options['addr%d' % side] = end['mac']
            if end['ip']:
                options['params%d' % side] = {'ip': end['ip']}
        topo.addLink(*(end['node'] for end in link['ends']), **options)
    return topo


def custom(file, text):
    """A topology as `mn --custom FILE --topo TEXT` makes it."""
    from mininet.link import TCLink
    from mininet.topo import LinearTopo, MinimalTopo, SingleSwitchReversedTopo, SingleSwitchTopo
    from mininet.topolib import TorusTopo, TreeTopo
    from mininet.util import buildTopo
    topos = {'minimal': MinimalTopo, 'linear': LinearTopo, 'reversed': SingleSwitchReversedTopo,
             'single': SingleSwitchTopo, 'tree': TreeTopo, 'torus': TorusTopo}
    with open(file, encoding='utf-8') as source:
        code = compile(source.read(), file, 'exec')
    sys.path.insert(0, os.path.dirname(file))
    names = {'__name__': 'labrun_custom', '__file__': file}
    exec(code, names)
    if 'topos' not in names:
        raise Exception('%s has no dictionary `topos`' % file)
    topos.update(names['topos'])
    topo = buildTopo(topos, text)
    # A plain link ignores the limits that it is given.
    for _, _, _, info in topo.iterLinks(withKeys=True, withInfo=True):
        ends = [info, info.get('params1') or {}, info.get('params2') or {}]
        if 'cls' not in info and any(key in end for end in ends for key in SHAPE):
            info['cls'] = TCLink
    return topo


def build(command, topo, switch):
    from mininet.net import Mininet
    network = Mininet(topo=topo, switch=switch, controller=None, autoSetMacs='custom' in command,
                      build=False)
    network.build()
    for link in command.get('described', {}).get('links', []):
        for end in link['ends'] if link['mtu'] else []:
            node = network[end['node']]
            node.cmd('ip link set dev', end['interface'], 'mtu', link['mtu'])
    network.start()
    return network


def microseconds(time):
    """Reads a time as tc does; a bare number counts microseconds."""
    if time is None:
        return None
    found = re.fullmatch(r'\s*([0-9.]+)\s*(s|secs?|ms|msecs?|us|usecs?|)\s*', str(time))
    if not found:
        return None
    units = {'s': 1e6, 'm': 1e3, 'u': 1.0, '': 1.0}
    return float(found.group(1)) * units[found.group(2)[:1]]


def shape(intf):
    """What one end of a link has been told to do to packets."""
    params = intf.params
    return {'bw': params.get('bw'), 'delay': microseconds(params.get('delay')),
            'jitter': microseconds(params.get('jitter')), 'loss': params.get('loss'),
            'max_queue_size': params.get('max_queue_size')}


def describe(network, complaints):
    """What there is now, as far as Mininet knows."""
    from mininet.link import OVSIntf
    from mininet.node import OVSSwitch
    from mininet.nodelib import LinuxBridge

    def interface(intf):
        ip = '%s/%s' % (intf.ip, intf.prefixLen) if intf.ip and intf.prefixLen else None
        return {'name': intf.name, 'ip': ip}

    def ports(switch):
        if not isinstance(switch, OVSSwitch):
            return None
        # Not from the database, which holds wishes: from the switch itself.
        command = ['ovs-ofctl', 'dump-ports-desc', switch.name]
        lines = subprocess.run(command, encoding='utf-8', stdout=subprocess.PIPE).stdout
        return re.findall(r'^ *\d+\((.+)\):', lines, re.MULTILINE)

    def link(each):
        intfs = [each.intf1, each.intf2]
        return {'nodes': [intf.node.name for intf in intfs],
                'interfaces': [intf.name for intf in intfs],
                'shape': [shape(intf) for intf in intfs],
                # Not an interface of the kernel's.
                'patch': any(isinstance(intf, OVSIntf) for intf in intfs)}

    return {
        'hosts': [{'name': host.name, 'pid': host.pid,
                   'interfaces': [interface(intf) for intf in host.intfList() if intf.name != 'lo']}
                  for host in network.hosts],
        'switches': [{'name': switch.name, 'bridge': isinstance(switch, LinuxBridge),
                      'ports': ports(switch)}
                     for switch in network.switches],
        'links': [link(each) for each in network.links],
        'complaints': complaints.lines,
    }


def bring_up(command, complaints):
    for program, package in (('mnexec', 'mininet'), ('ifconfig', 'net-tools'), ('ip', 'iproute2')):
        require(program, package)
    topology = command['topology']
    if 'custom' in topology:
        topo = custom(topology['custom']['file'], topology['custom']['topo'])
    else:
        topo = described(topology['described'])
    network = build(topology, topo, switch_class(command['switch']))
    # Kept: its shells are the hosts.
    return network, describe(network, complaints)


def main():
    # A Ctrl-C at the terminal is for the stage to decide about.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = take_over_stdout()
    try:
        version, complaints = import_mininet()
    except ImportError as error:
        answer(answers, cannot_import={'message': str(error)})
        return
    answer(answers, hello={'protocol': PROTOCOL, 'mininet': version,
                           'python': platform.python_version()})
    raise_limits()
    networks = []
    for line in sys.stdin:
        try:
            network, description = bring_up(json.loads(line)['up'], complaints)
            networks.append(network)
            answer(answers, up=description)
        except Lacks as lack:
            answer(answers, **lack.answer)
        # Mininet exits, without a word for us, where it lacks a program.
        except (Exception, SystemExit) as error:
            traceback.print_exc()
            message = '; '.join(complaints.lines) or '%s: %s' % (type(error).__name__, error)
            answer(answers, failed={'message': message})
    # Neither Mininet's own clean-up nor Python's: there is nothing to clean.
    os._exit(0)


main()
