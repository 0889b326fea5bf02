namespace Orrery.Commands;

/// <summary>A failure that is told to the user as it stands, on standard error.</summary>
internal sealed class CommandFailedException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>More than 1 only where 1 says something else, as with <c>orrery diff</c>.</summary>
    public int ExitCode { get; init; } = 1;
}
