using System.Globalization;
using System.Text;

namespace Orrery.Storage.Sqlite;

/// <summary>
/// Keeps a second process away from a store. The system gives the lock back when its holder ends, however it ends; the
/// file itself stays.
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
        FileStream held;
        try
        {
            held = new FileStream(path, PrivateFile.Options(FileShare.None));
        }
        catch (IOException fault) when (File.Exists(path))
        {
            throw new StoreException($"{storePath} is in use by {Holder(path)}", outcomeUnknown: false, fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new StoreException($"{storePath} cannot be locked: {fault.Message}", outcomeUnknown: false, fault);
        }

        held.SetLength(0);
        held.Write(Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
        held.Flush();
        return new FileLock(held);
    }

    public void Dispose() => held.Dispose();

    private static string Holder(string path)
    {
        try
        {
            using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            string text = reader.ReadToEnd();
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
