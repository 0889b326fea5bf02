namespace Orrery.Commands.Objects;

/// <summary>Files that options name.</summary>
internal static class TextFile
{
    /// <param name="path"><c>-</c> is standard input.</param>
    /// <exception cref="CommandFailedException">It cannot be read.</exception>
    public static async Task<string> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return path == "-"
                ? await Console.In.ReadToEndAsync(cancellationToken).ConfigureAwait(false)
                : await File.ReadAllTextAsync(path, cancellationToken).ConfigureAwait(false);
        }
        catch (UnauthorizedAccessException e) when (Directory.Exists(path))
        {
            throw new CommandFailedException($"{path} is a folder; name a file", e);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CommandFailedException($"there is no file {path}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException($"{path} cannot be read: {e.Message}", e);
        }
    }
}
