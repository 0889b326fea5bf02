using System.Net.Sockets;

namespace Orrery.Server.Transport.Sockets;

/// <summary>
/// Signs of life of a connection that rests, which stay with the system and are read together with what comes after them: to read one goes through decrypting, frames and streams, hundreds of places in memory that thousands
/// of connections keep in no cache, only to learn that it says nothing more. What one looks like from outside is learnt from some that were read: it is a record with one frame of its length, and two records are longer.
/// </summary>
internal sealed class UnreadSigns : ISignsOfLife
{
    /// <summary>So many lie there at most: whoever was mistaken for a sign waits as long as they last, and so long may somebody only look alive who says what nobody can decrypt.</summary>
    private const int Most = 5;

    private readonly Lock gate = new();

    /// <summary>Null while all is read.</summary>
    private volatile Action? heard;

    private int asked;

    /// <summary>Length of what was read last; 0 where it cannot have been one sign, or has been told to be one.</summary>
    private int last;

    /// <summary>Of the sign before.</summary>
    private int former;

    /// <summary>Of each sign, in bytes of the connection; 0 until it is known.</summary>
    private int length;

    /// <summary>Bytes that lie there and were told of.</summary>
    private int left;
    private int count;

    /// <inheritdoc/>
    public int Left => Volatile.Read(ref count);

    /// <inheritdoc/>
    public void Begin(Action listener)
    {
        lock (gate)
        {
            heard = ++asked == 1 ? listener : null;
        }
    }

    /// <inheritdoc/>
    public void End()
    {
        lock (gate)
        {
            asked--;
            heard = null;
        }
    }

    /// <summary>Something has come in. Only while nobody reads.</summary>
    /// <returns>Whether it was one sign, which may lie there.</returns>
    public bool TryLeave(Socket socket)
    {
        if (heard is not { } listener || length == 0 || count == Most)
        {
            return false;
        }

        int available;
        try
        {
            available = socket.Available;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Whoever reads learns of it.
            return false;
        }

        if (available - left != length)
        {
            return false;
        }

        left = available;
        count++;
        listener();
        return true;
    }

    /// <summary>All that lay there was read, with what came after it.</summary>
    /// <returns>Bytes that came after it.</returns>
    public int Read(int bytes)
    {
        int since = Math.Max(0, bytes - left);
        last = left == 0 ? bytes : 0;
        left = 0;
        count = 0;
        return since;
    }

    /// <inheritdoc/>
    /// <remarks>Two of one length, one after the other, show how long they are: a part of one, or one that came with something else, differs.</remarks>
    public void Noticed()
    {
        // In any other thread something else may have been read since.
        if (length > 0 || last == 0 || !SocketLoop.IsPatientThread)
        {
            return;
        }

        length = last == former ? last : 0;
        former = last;
        last = 0;
    }
}
