using System.Globalization;

namespace Orrery.Installation;

/// <summary>What Linux says of a process (<c>proc_pid_stat(5)</c>).</summary>
/// <param name="State">A letter: <c>Z</c> and <c>X</c> have ended.</param>
/// <param name="Started">In clock ticks since the machine's start. Unlike a time of day it stays what it is when somebody sets the clock.</param>
internal readonly record struct ProcessStat(char State, long Started)
{
    /// <summary>Counted from the first field after the name.</summary>
    private const int StartTime = 19;

    /// <returns>Null where there is no such process, or another system.</returns>
    public static ProcessStat? Of(int pid)
    {
        string text;
        try
        {
            text = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        // "pid (name) state ...": the name may hold anything, parentheses too.
        string[] fields = text[(text.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > StartTime ? new ProcessStat(fields[0][0], long.Parse(fields[StartTime], CultureInfo.InvariantCulture)) : null;
    }
}
