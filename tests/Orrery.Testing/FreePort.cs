using System.Net;
using System.Net.Sockets;

namespace Orrery.Testing;

/// <summary>
/// Ports for processes that cannot take port zero and tell. They lie below those that systems give out by themselves, so that neither a connection nor
/// another listener gets one between here and the process that is to have it, nor while that is down to be started again; and no two test programs
/// have the same ones, as each holds a lock on those it gives out.
/// </summary>
public static class FreePort
{
    private const int First = 12_000, BlockLength = 500, Blocks = 40;

    private static readonly Lock Taking = new();
    private static FileStream? held;
    private static int block;
    private static int next;

    /// <summary>A port of the loopback interface that nobody listens on.</summary>
    public static int Take() => Take(1);

    /// <summary>The first of several in a row.</summary>
    /// <exception cref="InvalidOperationException">Other test programs hold all of them.</exception>
    public static int Take(int count)
    {
        lock (Taking)
        {
            if (held is null)
            {
                (block, held) = Hold();
            }

            for (int tried = 0; tried < BlockLength; tried++)
            {
                if (next + count > BlockLength)
                {
                    next = 0;
                }

                int first = block + next;
                next += count;
                if (Enumerable.Range(first, count).All(IsFree))
                {
                    return first;
                }
            }

            throw new InvalidOperationException($"no {count} ports in a row are free from {block} on");
        }
    }

    /// <summary>Locks a block for as long as this process lives.</summary>
    private static (int First, FileStream Lock) Hold()
    {
        string folder = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), "orrery-test-ports")).FullName;
        for (int i = 0; i < Blocks; i++)
        {
            int first = First + (i * BlockLength);
            try
            {
                return (first, new FileStream(Path.Combine(folder, $"{first}"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (Exception taken) when (taken is IOException or UnauthorizedAccessException)
            {
                // Another's, maybe of another user.
            }
        }

        throw new InvalidOperationException($"all blocks of ports are held by others, see {folder}");
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
