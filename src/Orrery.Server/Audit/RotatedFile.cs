using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Orrery.Server.Audit;

/// <summary>The file that audit events are appended to, put aside when it has grown, and opened anew after it could not be written. Not thread-safe.</summary>
internal sealed class RotatedFile : IDisposable
{
    private const string BackupStamp = "yyyy-MM-dd'T'HH-mm-ss.fff";

    private readonly AuditOptions options;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private Stream file;

    /// <summary>The last attempt to write failed.</summary>
    private bool isBroken;

    /// <summary>The file ends within a line, which a full disk or a kill left half: what is written next begins one of its own.</summary>
    private bool isWithinLine;

    /// <summary>Bytes at which the file is put aside.</summary>
    private long rotateAt;

    /// <exception cref="IOException">The file cannot be opened.</exception>
    public RotatedFile(AuditOptions options, TimeProvider time, ILogger log)
    {
        this.options = options;
        this.time = time;
        this.log = log;
        file = Open();
        rotateAt = MaxSize;
    }

    private long MaxSize => options.MaxSizeMegabytes * 1024L * 1024;

    private bool IsStandardOutput => options.Path == "-";

    /// <summary>Appends lines, which are with the system when this returns; or could not be written, which the log says.</summary>
    public void Write(IReadOnlyList<byte[]> lines)
    {
        try
        {
            if (isBroken)
            {
                Reopen();
            }

            FollowEnd();
            if (isWithinLine && file.Position > 0)
            {
                file.Write("\n"u8);
            }

            isWithinLine = false;
            foreach (byte[] line in lines)
            {
                if (!IsStandardOutput && file.Position > 0 && file.Position + line.Length > rotateAt)
                {
                    Rotate();
                }

                file.Write(line);
                file.Write("\n"u8);
            }

            file.Flush();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // As upstream: serving does not end because the record cannot be kept. Who must know is told.
            log.WriteFailed(fault, options.Path);
            isBroken = true;
        }
    }

    public void Dispose() => file.Dispose();

    /// <summary>Whoever puts files aside by copying them empties this one under us: what is written next begins where it ends now.</summary>
    private void FollowEnd()
    {
        if (file is FileStream { CanSeek: true } stream && RandomAccess.GetLength(stream.SafeFileHandle) is var end && end != stream.Position)
        {
            stream.Position = end;
        }
    }

    /// <summary>The file of which nobody knows any more what is in it, or whether it is open, and where it is.</summary>
    private void Reopen()
    {
        try
        {
            file.Dispose();
        }
        catch (IOException)
        {
            // What it still held is what could not be written.
        }

        file = Open();
        isBroken = false;
    }

    private void Rotate()
    {
        file.Dispose();
        string folder = Path.GetDirectoryName(Path.GetFullPath(options.Path))!, name = Path.GetFileNameWithoutExtension(options.Path), extension = Path.GetExtension(options.Path);
        try
        {
            File.Move(options.Path, Path.Combine(folder, $"{name}-{time.GetUtcNow().ToString(BackupStamp, CultureInfo.InvariantCulture)}{extension}"), overwrite: true);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // It grows on where it is, and is put aside when it has grown as much again.
            log.RotationFailed(fault, options.Path);
            file = Open();
            rotateAt = file.Position + MaxSize;
            return;
        }

        file = Open();
        rotateAt = MaxSize;

        // Newest first; what is not one of ours has no time in its name.
        (string Path, DateTimeOffset At)[] backups = [.. Directory.EnumerateFiles(folder, $"{name}-*{extension}")
            .Select(path => (Path: path, At: Stamp(Path.GetFileName(path), name, extension)))
            .Where(b => b.At is not null)
            .Select(b => (b.Path, b.At!.Value))
            .OrderByDescending(b => b.Value)];
        DateTimeOffset oldest = options.MaxAgeDays > 0 ? time.GetUtcNow() - TimeSpan.FromDays(options.MaxAgeDays) : DateTimeOffset.MinValue;
        foreach ((string path, DateTimeOffset _) in backups.Where((b, i) => (options.MaxBackups > 0 && i >= options.MaxBackups) || b.At < oldest))
        {
            File.Delete(path);
        }
    }

    private static DateTimeOffset? Stamp(string file, string name, string extension) =>
        file.Length > name.Length + 1 + extension.Length
            && DateTimeOffset.TryParseExact(file[(name.Length + 1)..^extension.Length], BackupStamp, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset at) ? at : null;

    private Stream Open()
    {
        isWithinLine = false;
        if (IsStandardOutput)
        {
            return Console.OpenStandardOutput();
        }

        var mode = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 16 * 1024 };
        if (!OperatingSystem.IsWindows())
        {
            mode.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var opened = new FileStream(options.Path, mode);
        if (opened.CanSeek)
        {
            isWithinLine = opened.Seek(0, SeekOrigin.End) > 0 && !EndsInLineEnd();
        }

        return opened;
    }

    /// <returns>False, too, for a file that may be written and not read: an empty line is passed over by readers, two events on one are not.</returns>
    private bool EndsInLineEnd()
    {
        try
        {
            using var read = new FileStream(options.Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            read.Seek(-1, SeekOrigin.End);
            return read.ReadByte() == '\n';
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
