using System.Globalization;
using System.Text;

namespace Orrery.Storage.Sqlite;

/// <summary>
/// Keeps a second process away from a store. The system gives the lock back when its holder ends, however it ends. A file
/// beside it says who holds it, since a locked file cannot be read; both stay.
/// </summary>
internal sealed class FileLock : IDisposable
{
    private readonly FileStream held;

    private FileLock(FileStream held)
    {
        this.held = held;
    }

    /// <exception cref="StoreException">Another process, or another store in this one, has it.</exception>
    public static FileLock Take(string storePath)
    {
        string path = storePath + ".lock";
        FileStream? held = null;
        try
        {
            held = new FileStream(path, PrivateFile.Options(FileShare.None));
            using var holder = new FileStream(HolderPath(storePath), PrivateFile.Options(FileShare.ReadWrite));
            holder.SetLength(0);
            holder.Write(Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
            return new FileLock(held);
        }
        catch (IOException fault) when (held is null && File.Exists(path))
        {
            throw new StoreException($"{storePath} is in use by {Holder(storePath)}", outcomeUnknown: false, fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            held?.Dispose();
            throw new StoreException($"{storePath} cannot be locked: {fault.Message}", outcomeUnknown: false, fault);
        }
    }

    public void Dispose() => held.Dispose();

    private static string HolderPath(string storePath) => storePath + ".holder";

    private static string Holder(string storePath)
    {
        try
        {
            string text = File.ReadAllText(HolderPath(storePath));
            return text.Length > 0 ? $"process {text}" : "another process";
        }
        catch (IOException)
        {
            return "another process";
        }
    }
}

/// <summary>Files that only their owner may read.</summary>
internal static class PrivateFile
{
    public static FileStreamOptions Options(FileShare share)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = share, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return options;
    }

    /// <summary>Makes the file when there is none, so that what later opens it finds it private.</summary>
    public static void Ensure(string path)
    {
        using var file = new FileStream(path, Options(FileShare.ReadWrite));
    }
}
