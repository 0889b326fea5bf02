namespace Orrery.Server.Admission;

/// <summary>
/// Whether the mutating phase has to run once more, since a plugin changed the object after others had seen it
/// (apiserver <c>pkg/admission/reinvocation.go</c>).
/// </summary>
internal sealed class Reinvocation
{
    private Dictionary<object, object>? memory;

    /// <summary>This is the second run.</summary>
    public bool IsSecondRun { get; private set; }

    public bool IsWanted { get; private set; }

    /// <summary>Asks for a second run; without effect within it.</summary>
    public void Want() => IsWanted = true;

    public void Begin() => IsSecondRun = true;

    /// <summary>What a plugin remembers of this request, made on first use.</summary>
    /// <param name="plugin">The plugin itself.</param>
    public T Of<T>(object plugin)
        where T : class, new()
    {
        memory ??= [];
        if (!memory.TryGetValue(plugin, out object? known))
        {
            memory[plugin] = known = new T();
        }

        return (T)known;
    }
}
