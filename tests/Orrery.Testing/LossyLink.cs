using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Orrery.Testing;

/// <summary>
/// A cable between this machine and a network stack of its own (a network namespace of Linux) on which packets get lost, come late, twice and before others, as
/// <c>tc netem</c> does it where the kernel has that: both ends are TUN devices, and this process carries each packet across. What suffers is real TCP on both sides.
/// </summary>
public sealed class LossyLink : IAsyncDisposable
{
    private const int Largest = 64 * 1024;
    private const int Subnets = 250;

    private readonly Random random;
    private readonly TimeProvider time;
    private readonly string id;
    private readonly int subnet;
    private readonly FileStream held;
    private readonly CancellationTokenSource stop = new();
    private readonly List<Task> carrying = [];
    private readonly Lock gate = new();
    private SafeFileHandle? near;
    private SafeFileHandle? far;
    private long lost;
    private long carried;

    private LossyLink(int seed, TimeProvider time)
    {
        (subnet, held) = Hold();
        this.time = time;
        random = new Random(seed);
        id = (Environment.ProcessId % 100_000).ToString(CultureInfo.InvariantCulture) + "-" + subnet.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>Part of the packets that never arrive, each way.</summary>
    public double Loss { get; set; }

    /// <summary>How late the others are, each way.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Part of the packets that are not late, and so overtake those sent before them.</summary>
    public double Reorder { get; set; }

    /// <summary>Part of the packets that arrive twice.</summary>
    public double Duplicate { get; set; }

    public long Lost => Interlocked.Read(ref lost);

    public long Carried => Interlocked.Read(ref carried);

    private string Namespace => $"orrery-lossy-{id}";

    private string NearDevice => $"oln{id}";

    private string FarDevice => $"olf{id}";

    private IPAddress FarAddress => IPAddress.Parse($"10.214.{subnet}.2");

    /// <exception cref="PlatformNotSupportedException">The system lets nobody make such a thing here; says why.</exception>
    public static LossyLink Make(int seed, TimeProvider time)
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root" || !File.Exists("/dev/net/tun"))
        {
            throw new PlatformNotSupportedException("a cable that loses packets takes Linux, root and /dev/net/tun");
        }

        var link = new LossyLink(seed, time);
        try
        {
            link.Build();
            return link;
        }
        catch (Exception refusal) when (refusal is InvalidOperationException or IOException or UnauthorizedAccessException)
        {
            link.Remove();
            link.held.Dispose();
            throw new PlatformNotSupportedException($"the system lets nobody make networks here: {refusal.Message}", refusal);
        }
    }

    /// <summary>A socket that listens at the far end: whoever connects to it from here does so across the cable.</summary>
    public Socket Listen()
    {
        Socket? made = null;
        Exception? fault = null;
        var visitor = new Thread(() =>
        {
            try
            {
                // A socket stays in the stack in which it was made, whoever uses it; this thread never comes back.
                using SafeFileHandle stack = File.OpenHandle($"/run/netns/{Namespace}");
                if (EnterNamespace(stack, 0) != 0)
                {
                    throw new InvalidOperationException($"setns: error {Marshal.GetLastPInvokeError()}");
                }

                made = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                made.Bind(new IPEndPoint(FarAddress, 0));
                made.Listen();
            }
            catch (Exception e)
            {
                fault = e;
            }
        });
        visitor.Start();
        visitor.Join();
        return fault is null ? made! : throw new InvalidOperationException("no socket at the far end", fault);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        Remove();
        await Task.WhenAll(carrying);
        near?.Dispose();
        far?.Dispose();
        stop.Dispose();
        await held.DisposeAsync();
    }

    /// <summary>The third number of addresses that no other link of this machine has, whichever test program made it, for as long as the file is held.</summary>
    private static (int Subnet, FileStream Lock) Hold()
    {
        string folder = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), "orrery-test-links")).FullName;
        for (int i = 0; i < Subnets; i++)
        {
            try
            {
                return (i, new FileStream(Path.Combine(folder, $"{i}"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (Exception taken) when (taken is IOException or UnauthorizedAccessException)
            {
                // Another's, maybe of another user.
            }
        }

        throw new PlatformNotSupportedException($"all networks are held by others, see {folder}");
    }

    private void Build()
    {
        near = OpenDevice(NearDevice);
        far = OpenDevice(FarDevice);
        IpCommand.Run("netns", "add", Namespace);
        IpCommand.Run("link", "set", FarDevice, "netns", Namespace);
        IpCommand.Run("addr", "add", $"10.214.{subnet}.1/30", "dev", NearDevice);
        IpCommand.Run("link", "set", NearDevice, "up");
        IpCommand.Run("-n", Namespace, "addr", "add", $"{FarAddress}/30", "dev", FarDevice);
        IpCommand.Run("-n", Namespace, "link", "set", FarDevice, "up");
        carrying.Add(Task.Factory.StartNew(() => Carry(near, far), stop.Token, TaskCreationOptions.LongRunning, TaskScheduler.Default));
        carrying.Add(Task.Factory.StartNew(() => Carry(far, near), stop.Token, TaskCreationOptions.LongRunning, TaskScheduler.Default));
    }

    /// <summary>Devices that go end the reading of them.</summary>
    private void Remove()
    {
        foreach (string[] command in (string[][])[["-n", Namespace, "link", "del", FarDevice], ["link", "del", FarDevice], ["link", "del", NearDevice], ["netns", "del", Namespace]])
        {
            try
            {
                IpCommand.Run(command);
            }
            catch (InvalidOperationException)
            {
                // It was not made, or is elsewhere.
            }
        }
    }

    private void Carry(SafeFileHandle from, SafeFileHandle to)
    {
        byte[] buffer = new byte[Largest];
        while (!stop.IsCancellationRequested)
        {
            int read = (int)ReadPacket(from, buffer, buffer.Length);
            if (read <= 0)
            {
                // The device has gone.
                return;
            }

            bool isLost, isLate, isDouble;
            lock (gate)
            {
                isLost = random.NextDouble() < Loss;
                isLate = random.NextDouble() >= Reorder;
                isDouble = random.NextDouble() < Duplicate;
            }

            if (isLost)
            {
                Interlocked.Increment(ref lost);
                continue;
            }

            byte[] packet = buffer.AsSpan(0, read).ToArray();
            _ = DeliverAsync(packet, to, isLate ? Delay : TimeSpan.Zero);
            if (isDouble)
            {
                _ = DeliverAsync(packet, to, Delay);
            }
        }
    }

    private async Task DeliverAsync(byte[] packet, SafeFileHandle to, TimeSpan delay)
    {
        try
        {
            if (delay > TimeSpan.Zero)
            {
                await Task.Delay(delay, time, stop.Token);
            }

            Interlocked.Increment(ref WritePacket(to, packet, packet.Length) == packet.Length ? ref carried : ref lost);
        }
        catch (Exception e) when (e is ObjectDisposedException or OperationCanceledException)
        {
            // The far end is being taken down: lost, as any packet may be.
            Interlocked.Increment(ref lost);
        }
    }

    /// <summary>netdevice(7): a TUN device without packet information, of that name.</summary>
    private static SafeFileHandle OpenDevice(string name)
    {
        const ulong SetInterface = 0x400454ca;
        const short TunWithoutInformation = 0x1001;
        SafeFileHandle device = File.OpenHandle("/dev/net/tun", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        byte[] request = new byte[40];
        Encoding.ASCII.GetBytes(name, request);
        BitConverter.TryWriteBytes(request.AsSpan(16), TunWithoutInformation);
        if (Control(device, SetInterface, request) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            device.Dispose();
            throw new InvalidOperationException($"TUNSETIFF {name}: error {error}");
        }

        return device;
    }

    [DllImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static extern int Control(SafeFileHandle device, ulong request, byte[] argument);

    [DllImport("libc", EntryPoint = "read", SetLastError = true)]
    private static extern nint ReadPacket(SafeFileHandle device, byte[] buffer, nint count);

    [DllImport("libc", EntryPoint = "write", SetLastError = true)]
    private static extern nint WritePacket(SafeFileHandle device, byte[] buffer, nint count);

    [DllImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static extern int EnterNamespace(SafeFileHandle stack, int kind);
}
