using System.Globalization;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Orrery.Server.Audit;

/// <summary>
/// Appends lines to the audit file in the background, those that came together at once. Its queue is bounded: where the disk cannot keep up,
/// requests wait, and nothing is dropped. Disposing writes out all that was taken.
/// </summary>
internal sealed class AuditFile : IAsyncDisposable
{
    private const int MaxQueued = 4096;
    private const string BackupStamp = "yyyy-MM-dd'T'HH-mm-ss.fff";

    private readonly AuditOptions options;
    private readonly TimeProvider time;
    private readonly ILogger<AuditFile> log;
    private readonly Channel<Entry> queue = Channel.CreateBounded<Entry>(new BoundedChannelOptions(MaxQueued) { SingleReader = true });
    private readonly Task writing;
    private Stream file;

    /// <summary>The last attempt to write failed.</summary>
    private bool isBroken;

    /// <summary>Bytes at which the file is put aside.</summary>
    private long rotateAt;

    /// <exception cref="IOException">The file cannot be opened.</exception>
    public AuditFile(AuditOptions options, TimeProvider time, ILogger<AuditFile> log)
    {
        this.options = options;
        this.time = time;
        this.log = log;
        file = Open();
        rotateAt = MaxSize;
        writing = Task.Run(WriteQueuedAsync);
    }

    private long MaxSize => options.MaxSizeMegabytes * 1024L * 1024;

    private bool IsStandardOutput => options.Path == "-";

    /// <summary>Takes a line, which will stand before those that are taken later.</summary>
    /// <param name="line">One event, without a line end.</param>
    public ValueTask AppendAsync(byte[] line, CancellationToken cancellationToken) => queue.Writer.WriteAsync(new Entry(line, null), cancellationToken);

    /// <summary>
    /// Takes a line and waits until the system has it, so that a process that is killed does not lose it; or until it could not be written,
    /// which the log says.
    /// </summary>
    /// <param name="line">One event, without a line end.</param>
    public async Task WriteAsync(byte[] line, CancellationToken cancellationToken)
    {
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await queue.Writer.WriteAsync(new Entry(line, written), cancellationToken);
        await written.Task.WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        await writing;
        await file.DisposeAsync();
    }

    private async Task WriteQueuedAsync()
    {
        List<TaskCompletionSource> waiting = [];
        while (await queue.Reader.WaitToReadAsync())
        {
            // What came together is flushed together.
            try
            {
                if (isBroken)
                {
                    await ReopenAsync();
                }

                FollowEnd();
                while (queue.Reader.TryRead(out Entry entry))
                {
                    Await(entry, waiting);
                    if (!IsStandardOutput && file.Position > 0 && file.Position + entry.Line.Length > rotateAt)
                    {
                        await RotateAsync();
                    }

                    await file.WriteAsync(entry.Line);
                    await file.WriteAsync("\n"u8.ToArray());
                }

                await file.FlushAsync();
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
            {
                // As upstream: serving does not end because the record cannot be kept. Who must know is told.
                log.WriteFailed(fault, options.Path);
                if (isBroken && queue.Reader.TryRead(out Entry entry))
                {
                    // Nor may requests wait for a disk that may be full for days: an attempt takes a line.
                    Await(entry, waiting);
                }

                isBroken = true;
            }

            waiting.ForEach(written => written.SetResult());
            waiting.Clear();
        }
    }

    private static void Await(Entry entry, List<TaskCompletionSource> waiting)
    {
        if (entry.Written is { } written)
        {
            waiting.Add(written);
        }
    }

    /// <summary>Whoever puts files aside by copying them empties this one under us: what is written next begins where it ends now.</summary>
    private void FollowEnd()
    {
        if (file is FileStream { CanSeek: true } stream && RandomAccess.GetLength(stream.SafeFileHandle) is var end && end != stream.Position)
        {
            stream.Position = end;
        }
    }

    /// <summary>The file of which nobody knows any more what is in it, or whether it is open, and where it is.</summary>
    private async Task ReopenAsync()
    {
        try
        {
            await file.DisposeAsync();
        }
        catch (IOException)
        {
            // What it still held is what could not be written.
        }

        file = Open();
        isBroken = false;
    }

    private async Task RotateAsync()
    {
        await file.DisposeAsync();
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
        if (IsStandardOutput)
        {
            return Console.OpenStandardOutput();
        }

        var mode = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 64 * 1024 };
        if (!OperatingSystem.IsWindows())
        {
            mode.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var opened = new FileStream(options.Path, mode);
        if (opened.CanSeek)
        {
            opened.Seek(0, SeekOrigin.End);
        }

        return opened;
    }

    /// <param name="Written">Told when the line is with the system, or lost; null where nobody waits.</param>
    private readonly record struct Entry(byte[] Line, TaskCompletionSource? Written);
}
