namespace Orrery.Installation;

/// <summary>Writes files that only their owner may read, whole or not at all.</summary>
internal static class PrivateFile
{
    public static void Write(string path, string text)
    {
        string draft = Draft(path);
        using (var file = new StreamWriter(draft, Options()))
        {
            file.Write(text);
            file.Flush();
            ((FileStream)file.BaseStream).Flush(flushToDisk: true);
        }

        File.Move(draft, path, overwrite: true);
    }

    /// <summary>The same for what is too large to hold; a file that is there already stays.</summary>
    public static async Task WriteAsync(string path, Func<Stream, Task> write)
    {
        string draft = Draft(path);
        try
        {
            await using (var file = new FileStream(draft, Options()))
            {
                await write(file).ConfigureAwait(false);
                file.Flush(flushToDisk: true);
            }

            File.Move(draft, path);
        }
        finally
        {
            File.Delete(draft);
        }
    }

    private static string Draft(string path) => $"{path}.{Environment.ProcessId}.new";

    private static FileStreamOptions Options()
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return options;
    }
}
